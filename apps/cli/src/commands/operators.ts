import { Command } from 'commander'
import type { EndOptions, WriteOptions, WrittenObject } from '@quorate/client'
import { type Door, instant, span, withServer } from './command-line'
import { UsageError } from '../exit'
import { viewText } from '../screen'
import { printable } from '../text'

interface Guard {
  readonly ifMatch?: string
}
interface EndFlags extends Guard {
  readonly reason?: string
}
interface OverrideFlags extends Guard {
  readonly reason: string
  readonly for?: number
  readonly until?: string
  readonly mode?: 'pin' | 'until-agree'
}

const HOUR = 3_600_000
const IF_MATCH = ['--if-match <etag>', 'only if nothing has changed since `get` showed this etag'] as const

const REASON = ['--reason <text>', 'reason, stored with the change'] as const

/** Commands for operators. */
export function operatorCommands(): Command[] {
  const override = new Command('override').description(
    'Sets or clears the state by hand; the vote continues underneath.',
  )
  override.addCommand(set()).addCommand(clear())
  return [override, remove()]
}

const set = () =>
  new Command('set')
    .description('Overrides the state of an object.')
    .argument('<object>')
    .argument('<state>')
    .requiredOption('--reason <text>', 'reason, visible to every reader')
    .option('--for <duration>', 'duration, e.g. 30m (1h)', span)
    .option('--until <time>', 'or end, RFC 3339', instant)
    .option('--mode <mode>', 'pin: until the end; until-agree: until the vote agrees', 'pin')
    .option(...IF_MATCH)
    .addHelpText(
      'after',
      '\nExample:\n  quorate override set site/x up --reason "known, harmless" --for 2h --mode until-agree',
    )
    .action(
      withServer<[string, string], OverrideFlags>(async (door, object, state) => {
        const { reason, mode = 'pin', until } = door.options
        if (until !== undefined && door.options.for !== undefined)
          throw new UsageError('Give --for or --until, not both.')
        const expiresAt = until ?? Date.now() + (door.options.for ?? HOUR)
        await show(
          door,
          object,
          await door.client.setOverride(object, { state, reason, expiresAt, mode }, guardOf(door.options)),
        )
      }),
    )

const clear = () =>
  new Command('clear')
    .description('Ends an override; the vote decides again.')
    .argument('<object>')
    .option(...REASON)
    .option(...IF_MATCH)
    .action(
      withServer<[string], EndFlags>(async (door, object) => {
        await show(door, object, await door.client.clearOverride(object, endOf(door.options)))
      }),
    )

const remove = () =>
  new Command('delete')
    .description('Deletes an object: its reports, its override, its history. A later report creates it again.')
    .argument('<object>')
    .option(...REASON)
    .option(...IF_MATCH)
    .action(
      withServer<[string], EndFlags>(async ({ client, screen, options }, object) => {
        const written = await client.delete(object, endOf(options))
        await screen.print(written, () => `${printable(object)} is deleted\n`)
      }),
    )

const guardOf = ({ ifMatch }: Guard): WriteOptions => (ifMatch === undefined ? {} : { ifMatch: quoted(ifMatch) })
const endOf = ({ reason, ...guard }: EndFlags): EndOptions => ({
  ...guardOf(guard),
  ...(reason === undefined ? {} : { reason }),
})
/** Shells strip the quotes of `"0.1.0.1"`. */
const quoted = (etag: string) => (/^(W\/)?"|^\*$/.test(etag) ? etag : `"${etag}"`)

async function show({ client, screen }: Door<object>, object: string, written: WrittenObject): Promise<void> {
  const view = written.view ?? (await client.get(object, { minPosition: written.position })).view
  await screen.print({ position: written.position, view }, (ink) => viewText(view, ink))
}
