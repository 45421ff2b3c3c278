import type { Delivery } from '@quorate/client'
import { Command } from 'commander'
import { count } from './command-line'
import { withNotifier } from './notify-door'

interface Filter {
  readonly object?: string
  readonly receiver?: string
  readonly status?: string
  readonly limit?: number
  readonly changes?: boolean
  readonly ids?: boolean
}

export function deliveriesCommand(): Command {
  const deliveries = new Command('deliveries').description('Who was notified of what and why, and dead deliveries.')
  for (const command of [list(), show(), redrive(), drop()]) deliveries.addCommand(command)
  return deliveries
}

const list = () =>
  new Command('list')
    .description('Lists decisions, newest first.')
    .option('--object <id>')
    .option('--receiver <name>')
    .option('--status <status>', 'sent, held, suppressed, "suppressed: quiet", pending, delivered, dead, dropped')
    .option('--changes', 'hides updates of states already notified')
    .option('--ids', 'shows the ids that show, redrive and drop take; always with --status dead')
    .option('--limit <n>', 'maximum number (100)', count)
    .addHelpText(
      'after',
      '\nExample:\n  quorate deliveries list --object site/x\n  quorate deliveries list --status dead',
    )
    .action(
      withNotifier<[], Filter>(async ({ notifier, screen, options }) => {
        const { object, receiver, status, limit = 100 } = options
        const filter = Object.fromEntries(
          Object.entries({ object, receiver, status }).filter(([, value]) => value !== undefined),
        )
        const ids = options.ids === true || status === 'dead'
        const items: Delivery[] = []
        for await (const one of notifier.allDeliveries({ ...filter, limit: Math.max(1, Math.min(limit, 1000)) })) {
          if (items.length >= limit) break
          if (!options.changes || !UPDATES.has(one.reason)) items.push(one)
        }
        await screen.print(items, () =>
          screen.table(
            ['DECIDED', 'OBJECT', 'STATE', 'TO', 'STATUS', 'WHY', ...(ids ? ['ID'] : [])],
            items.map((one) => [...row(one), ...(ids ? [one.id] : [])]),
          ),
        )
      }),
    )

const row = (one: Delivery): string[] => [
  one.decidedAt,
  one.object,
  `${one.previous ?? '-'} > ${one.state ?? '-'}`,
  one.endpoint ?? one.receiver,
  one.status,
  whyOf(one),
]

/** The reason, and the last attempt's message if it differs. */
function whyOf({ status, reason, by, lastAttempt }: Delivery): string {
  const outcome = status === 'delivered' || lastAttempt?.outcome === reason ? undefined : lastAttempt?.outcome
  return [reason, by, outcome].filter((part) => part !== null && part !== undefined).join(', ')
}

/** Decisions about an update of a state that was already notified. */
const UPDATES: ReadonlySet<string | null> = new Set(['already-told', 'no-change'])

class UnknownDelivery extends Error {
  readonly code = 'not-found'
  constructor(id: string) {
    super(`No decision with the id ${id} is stored. \`quorate deliveries list\` shows those that are.`)
  }
}

const show = () =>
  new Command('show')
    .description('Shows all details of a decision.')
    .argument('<id>')
    .option('--object <id>', 'its object: faster to find')
    .action(
      withNotifier<[string], { object?: string }>(async ({ notifier, screen, options: { object } }, id) => {
        const found: Delivery[] = []
        for await (const one of notifier.allDeliveries({ limit: 1000, ...(object === undefined ? {} : { object }) }))
          if (one.id === id) found.push(one)
        if (found.length === 0) throw new UnknownDelivery(id)
        await screen.print(found, () => `${JSON.stringify(found, null, 2)}\n`)
      }),
    )

const redrive = () =>
  new Command('redrive')
    .description('Sends a dead delivery again, with the same id.')
    .argument('<id>')
    .action(
      withNotifier<[string], object>(async ({ notifier, screen }, id) => {
        await notifier.redrive(id)
        await screen.print({ id }, () => `${id} will be sent\n`)
      }),
    )

const drop = () =>
  new Command('drop')
    .description('Gives up a dead delivery permanently.')
    .argument('<id>')
    .action(
      withNotifier<[string], object>(async ({ notifier, screen }, id) => {
        await notifier.drop(id)
        await screen.print({ id }, () => `${id} is dropped\n`)
      }),
    )
