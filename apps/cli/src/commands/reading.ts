import { Command } from 'commander'
import type { HistoryEntry, ListOptions, ObjectView } from '@quorate/client'
import { count, withServer } from './command-line'
import { changeText } from '../change-text'
import { heldText, marks, stateCell, tallyText, viewText } from '../screen'
import { duration, printable } from '../text'

interface Filter {
  readonly state?: string
  readonly voted?: string
  readonly prefix?: string
  readonly contested?: boolean
  readonly stale?: boolean
  readonly flapping?: boolean
  readonly divergent?: boolean
  readonly overridden?: boolean
  readonly limit?: number
}

/** Commands that read. */
export function readCommands(): Command[] {
  return [get(), list(), watch(), explain(), history(), cluster()]
}

const get = () =>
  new Command('get')
    .description('Shows the state of an object and the vote behind it.')
    .argument('<object>')
    .option('--min-position <position>', 'waits until the write that returned this position is applied')
    .action(
      withServer<[string], { minPosition?: string }>(async ({ client, screen, options: { minPosition } }, object) => {
        const { view, etag, freshness } = await client.get(object, minPosition === undefined ? {} : { minPosition })
        await screen.print(
          view,
          (ink) =>
            viewText(view, ink) +
            ink('dim', `  etag  ${etag}   as of ${freshness.asOf}, partition ${freshness.partition}`) +
            '\n',
        )
      }),
    )

const list = () =>
  new Command('list')
    .description('Lists objects, in order of id.')
    .option('--prefix <text>', 'only ids with this prefix')
    .option('--state <state>', 'only objects in this state')
    .option('--voted <state>', 'only objects with this voted state')
    .option('--contested', 'only votes without a winner')
    .option('--stale', 'only states held without a quorum')
    .option('--flapping', 'only states that change often')
    .option('--divergent', 'only overrides that differ from the vote')
    .option('--overridden', 'only objects with an override')
    .option('--limit <n>', 'maximum number', count)
    .action(
      withServer<[], Filter>(async ({ client, screen, options }) => {
        const { limit, ...filter } = filterOf(options)
        const row = (view: ObjectView) => [view.object, stateCell(view.state), view.since, marks(view).join(',')]
        const views: ObjectView[] = []
        let seen = 0
        const onUnreadable = (objects: readonly string[]) =>
          process.stderr.write(
            'left out because their stored rows cannot be read (docs/errors.md, object-unreadable): ' +
              `${objects.map(printable).join(', ')}\n`,
          )
        for await (const view of client.list({ ...filter, limit: Math.min(limit ?? 1000, 1000), onUnreadable })) {
          if (options.json) await screen.print(view, () => '')
          else views.push(view)
          if (++seen === limit) break
        }
        if (!options.json)
          await screen.print(views, () => screen.table(['OBJECT', 'STATE', 'SINCE', 'MARKS'], views.map(row)))
      }),
    )

function filterOf(options: Filter): Omit<ListOptions, 'cursor' | 'partial'> {
  const names = [
    'state',
    'voted',
    'prefix',
    'contested',
    'stale',
    'flapping',
    'divergent',
    'overridden',
    'limit',
  ] as const
  return Object.fromEntries(names.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])))
}

const watch = () =>
  new Command('watch')
    .description('Shows all states, then every change as it happens, until interrupted.')
    .option('--prefix <text>', 'only objects whose ids have this prefix')
    .option('--state <state>', 'only changes to this state')
    .option('--since <id>', 'continues after the event with this id (--json shows them), without the current states')
    .action(
      withServer<[], { prefix?: string; state?: string; since?: string }>(async ({ client, screen, options }) => {
        const { prefix, state, since } = options
        const stop = new AbortController()
        process.once('SIGINT', () => stop.abort()).once('SIGTERM', () => stop.abort())
        const events = client.states({
          signal: stop.signal,
          onReconnect: () => process.stderr.write('the connection broke; resuming …\n'),
          ...(prefix === undefined ? {} : { prefix }),
          ...(state === undefined ? {} : { state }),
          ...(since === undefined ? {} : { lastEventId: since }),
        })
        for await (const event of events) {
          await screen.print(event, (ink) => changeText(event, ink))
        }
      }),
    )

const explain = () =>
  new Command('explain')
    .description('Explains the state: each agent, the tally, and what would change it.')
    .argument('<object>')
    .action(
      withServer<[string], object>(async ({ client, screen }, object) => {
        const explanation = await client.explanation(object)
        await screen.print(explanation, () => {
          const {
            state,
            voted,
            override,
            agents,
            participants,
            electorate,
            quorum,
            rule,
            winner,
            margin,
            nextDeadline,
            next,
            policy,
            ruleFault,
          } = explanation
          const rows = agents.map((it) => [
            it.agent,
            stateCell(it.state),
            it.standing,
            String(it.weight),
            duration(it.age),
            duration(it.expiresIn),
          ])
          const capped = agents.find((it) => it.ttlCappedBy !== null)
          return [
            override ? `${heldText(state, override, voted)}\n` : '',
            screen.table(['AGENT', 'STATE', 'STANDING', 'WEIGHT', 'AGE', 'EXPIRES IN'], rows),
            `tally ${tallyText(explanation)}; ${participants} of ${electorate} vote, ${quorum} needed; `,
            `winner ${winner ?? 'none'}${rule ? ` by ${rule}` : ''}, margin ${margin ?? '–'}, policy ${policy}\n`,
            nextDeadline ? `${nextText(next)} at ${nextDeadline}, if nothing arrives before\n` : '',
            capped
              ? `the policy ${capped.ttlCappedBy} limits the ttl to ${duration(capped.ttl)}, less than some ` +
                `reports ask for\n`
              : '',
            ruleFault ? `held (${ruleFault.reason}): ${ruleFault.detail}\n` : '',
          ].join('')
        })
      }),
    )

/** Texts for `next` of an explanation. */
const NEXT: Readonly<Record<string, string>> = {
  'override-expires': 'the override ends',
  'report-expires': 'a report expires',
  'report-forgotten': 'an expired report is forgotten',
  'candidate-wins': 'the candidate becomes the voted state',
  'turns-unknown': 'the voted state turns unknown',
  'flapping-ends': 'flapping ends',
  'rule-asked-again': 'the rule is tried again',
}
const nextText = (next: string | null): string => NEXT[next ?? ''] ?? 'next deadline'

/** Author and reason. */
const byText = ({ author, reason }: HistoryEntry): string => {
  if (author === undefined) return '-'
  return reason ? `${author ?? 'nobody named'}: ${reason}` : (author ?? 'nobody named')
}

const history = () =>
  new Command('history')
    .description('Shows the last changes of an object, newest first.')
    .argument('<object>')
    .action(
      withServer<[string], object>(async ({ client, screen }, object) => {
        const entries = await client.history(object)
        const row = (it: HistoryEntry) => [
          it.at,
          `v${it.version}`,
          it.from ?? '-',
          stateCell(it.state),
          it.cause ?? '-',
          byText(it),
          tallyText(it),
        ]
        await screen.print(entries, () =>
          screen.table(['AT', 'VERSION', 'FROM', 'TO', 'CAUSE', 'BY', 'TALLY'], entries.map(row)),
        )
      }),
    )

const cluster = () =>
  new Command('cluster').description('Shows partitions with their owners, and the instances.').action(
    withServer<[], object>(async ({ client, screen }) => {
      const cluster = await client.cluster()
      await screen.print(cluster, () => `${JSON.stringify(cluster, null, 2)}\n`)
    }),
  )
