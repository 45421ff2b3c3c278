import type { SilenceAnswer } from '@quorate/client'
import { Command } from 'commander'
import { userInfo } from 'node:os'
import { UsageError } from '../exit'
import { stateCell } from '../screen'
import { instant, span } from './command-line'
import { withNotifier } from './notify-door'

interface SilenceFlags {
  readonly object?: string[]
  readonly state?: string[]
  readonly policy?: string[]
  readonly cause?: string[]
  readonly comment: string
  readonly author?: string
  readonly for?: number
  readonly until?: string
  readonly from?: string
  readonly preview?: boolean
}

const HOUR = 3_600_000

export function silenceCommand(): Command {
  const silence = new Command('silence').description('Silences: no notification of matching objects while they last.')
  for (const command of [add(), list(), end()]) silence.addCommand(command)
  return silence
}

const add = () =>
  new Command('add')
    .description('Silences objects; open notifications are still closed.')
    .option('--object <glob...>', 'ids: * any characters but /, ** any; \\* an asterisk, \\\\ a backslash')
    .option('--state <state...>', 'only changes to these states')
    .option('--policy <name...>', 'only objects of these policies')
    .option('--cause <cause...>', 'only changes by these causes')
    .requiredOption('--comment <text>', 'why')
    .option('--author <name>', 'who (you)')
    .option('--from <time>', 'start, RFC 3339 (now)', instant)
    .option('--for <duration>', 'duration, e.g. 30m (1h)', span)
    .option('--until <time>', 'or end, RFC 3339', instant)
    .option('--preview', 'only shows which objects it would match now')
    .addHelpText('after', '\nExample:\n  quorate silence add --object "site/x/**" --for 2h --comment "moving house"')
    .action(
      withNotifier<[], SilenceFlags>(async ({ notifier, screen, options }) => {
        const { object, state, policy, cause, comment, author = userInfo().username, preview } = options
        if (options.until !== undefined && options.for !== undefined)
          throw new UsageError('Give --for or --until, not both.')
        const match = Object.fromEntries(
          Object.entries({ object, state, policy, cause }).filter(([, values]) => values !== undefined),
        )
        if (Object.keys(match).length === 0)
          throw new UsageError(
            'Give at least one of --object, --state, --policy or --cause; --object "**" matches everything.',
          )
        const startsAt = options.from ?? new Date().toISOString()
        const endsAt = options.until ?? new Date(Date.parse(startsAt) + (options.for ?? HOUR)).toISOString()
        const silence = { match, startsAt, endsAt, author, comment }
        if (preview) {
          const { items, total, complete, missing } = await notifier.previewSilence(silence)
          const rows = items.map((one) => [one.object, stateCell(one.state), one.waiting ? 'waiting' : ''])
          const left = complete ? '' : `partitions missing: ${missing.map(({ partition }) => partition).join(', ')}\n`
          await screen.print({ items, total, complete, missing }, () =>
            [screen.table(['OBJECT', 'STATE', ''], rows), `${total} in all\n`, left].join(''),
          )
          return
        }
        const added = await notifier.addSilence(silence)
        await screen.print(added, () => `${added.id} ${added.status} until ${added.endsAt}\n`)
      }),
    )

const list = () =>
  new Command('list')
    .description('Lists silences.')
    .option('--all', 'also those that have ended')
    .action(
      withNotifier<[], { all?: boolean }>(async ({ notifier, screen, options }) => {
        const items = (await notifier.silences()).filter(({ status }) => options.all || status !== 'ended')
        const row = ({ id, status, match, endsAt, author, comment }: SilenceAnswer) => [
          id,
          status,
          endsAt,
          JSON.stringify(match),
          author,
          comment,
        ]
        await screen.print(items, () =>
          screen.table(['ID', 'STATUS', 'UNTIL', 'MATCH', 'AUTHOR', 'COMMENT'], items.map(row)),
        )
      }),
    )

const end = () =>
  new Command('end')
    .description('Ends a silence; what it held back is sent.')
    .argument('<id>')
    .action(
      withNotifier<[string], object>(async ({ notifier, screen }, id) => {
        await notifier.endSilence(id)
        await screen.print({ id }, () => `${id} has ended\n`)
      }),
    )
