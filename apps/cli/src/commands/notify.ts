import type { RouteTrial } from '@quorate/client'
import { Command } from 'commander'
import { EXIT } from '../exit'
import { Screen } from '../screen'
import { duration, printable } from '../text'
import type { CommonOptions } from './command-line'
import { deliveriesCommand } from './notify-deliveries'
import { withNotifier } from './notify-door'
import { silenceCommand } from './notify-silences'

/** Commands for the notifier: configuration, routes, silences, deliveries. */
export function notifyCommands(): Command[] {
  const notify = new Command('notify').description('Checks a configuration, tries routes, lists receivers.')
  for (const command of [checkConfig(), routeTest(), receivers(), test()]) notify.addCommand(command)
  return [notify, silenceCommand(), deliveriesCommand()]
}

const checkConfig = () =>
  new Command('check-config')
    .description('Checks the section notify: of a file, without a server.')
    .argument('<file>', 'YAML, like quorate.yaml')
    .action(async (...given: unknown[]) => {
      const [file] = given as [string]
      const screen = new Screen((given.at(-1) as Command).optsWithGlobals<CommonOptions>().json === true)
      const { checkFile } = await import('./notify-check.js')
      const { faults, unset, notes, counts } = await checkFile(file)
      await screen.print({ faults, unset, notes, counts }, () =>
        [
          ...faults.map(({ pointer, detail }) => `/notify${pointer}: ${detail}\n`),
          ...[...unset, ...notes].map((said) => `note: ${said}\n`),
          ...(faults.length > 0
            ? []
            : [
                `valid: ${Object.entries(counts)
                  .map(([name, count]) => `${count} ${name}`)
                  .join(', ')}\n`,
              ]),
        ].join(''),
      )
      if (faults.length > 0) process.exitCode = EXIT.refused
    })

interface TrialFlags {
  readonly state: string
  readonly from?: string
  readonly cause?: string
  readonly policy?: string
  readonly told?: string
}

const routeTest = () =>
  new Command('route-test')
    .description('Shows who would be notified of a change now, and why; sends nothing.')
    .argument('<object>')
    .requiredOption('--state <state>', 'the new state')
    .option('--from <state>', 'the previous state')
    .option('--cause <cause>', 'vote, override, …')
    .option('--policy <name>', 'policy of the object')
    .option('--told <state>', 'the state that receivers were last notified of')
    .addHelpText('after', '\nExample:\n  quorate notify route-test site/x --state down')
    .action(
      withNotifier<[string], TrialFlags>(async ({ notifier, screen, options }, object) => {
        const { state, from, cause, policy, told } = options
        const given = { from, cause, policy, told }
        const more = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
        const items = await notifier.testRoutes({ object, state, ...more })
        await screen.print({ items }, () =>
          items.length === 0
            ? 'nobody: no route matches\n'
            : screen.table(['RECEIVER', 'DECISION', 'ROUTE', 'ENDPOINTS', 'WHY'], items.map(trialRow)),
        )
      }),
    )

function trialRow({ receiver, decision, reason, by, heldFor, route, endpoints, via }: RouteTrial): string[] {
  const held = heldFor === null ? '' : ` for ${duration(heldFor * 1000)}`
  const why = reason === null ? '' : `: ${reason}${by === null ? '' : ` (${by})`}${held}`
  const path = via.map((node) => {
    const asked = Object.entries(node.match).map(([name, value]) => `${name} ${[value].flat().join('|')}`)
    return asked.length === 0 ? node.route : `${node.route} [${asked.join(', ')}]`
  })
  return [
    receiver,
    `${decision === 'sent' ? 'would be sent' : decision}${why}`,
    route,
    endpoints.map(({ name, channel }) => `${name} (${channel})`).join(', '),
    path.join(' > '),
  ]
}

const receivers = () =>
  new Command('receivers').description('Lists receivers and the condition of their endpoints.').action(
    withNotifier<[], object>(async ({ notifier, screen }) => {
      const items = await notifier.receivers()
      const rows = items.flatMap(({ name, fallback, endpoints }) =>
        endpoints.map((one) => [
          name,
          one.name,
          one.channel,
          String(one.waiting),
          one.refusal ?? one.circuit,
          fallback ?? '-',
        ]),
      )
      const leftOut = await notifier.leftOut('receivers')
      const notes = leftOut.flatMap(({ name, faults }) =>
        faults.map(({ pointer, detail }) => `invalid: ${name}${pointer}: ${detail}\n`),
      )
      await screen.print(
        items,
        () =>
          screen.table(['RECEIVER', 'ENDPOINT', 'CHANNEL', 'WAITING', 'CIRCUIT', 'FALLBACK'], rows) + notes.join(''),
      )
    }),
  )

const test = () =>
  new Command('test')
    .description('Sends a test alert and its end to each endpoint of a receiver.')
    .argument('<receiver>')
    .action(
      withNotifier<[string], object>(async ({ notifier, screen }, receiver) => {
        const items = await notifier.testReceiver(receiver)
        await screen.print({ items }, () =>
          screen.table(
            ['ENDPOINT', 'MESSAGE', 'OUTCOME', 'ANSWER', 'NOTE'],
            items.map((one) => [
              one.endpoint,
              one.message,
              one.outcome,
              printable(one.excerpt ?? String(one.status ?? '')),
              printable([one.note, one.remedy].filter((said) => said !== undefined).join('; ')),
            ]),
          ),
        )
        if (items.some(({ outcome }) => outcome !== 'delivered')) process.exitCode = EXIT.refused
      }),
    )
