import { rfc3339, type AgentId, type ObjectId, type Trigger } from '@quorate/contracts'
import type { RunningTask } from '@quorate/streams'
import type { Outcomes } from '../outcomes'
import type { Reading, Seen } from '../queries/reading'
import { NO_RULES, type HistoryEntry, type Rules, type Settings } from '../vote'
import { ObjectReader, type FullExplanation, type ReadObject, type Tables } from './object-reader'

/** JSON of a tally in its own order: an object's members would put states of digits first. */
const tallyText = (tally: readonly (readonly [string, number])[]): string =>
  `{${tally.map(([state, weight]) => `${JSON.stringify(state)}:${weight}`).join(',')}}`

/** JSON of an object, with one member that is JSON text already in front of the others. */
const withTally = (tally: readonly (readonly [string, number])[], rest: object): string =>
  `{"tally":${tallyText(tally)},${JSON.stringify(rest).slice(1)}`

/** The queries' eyes: committed rows of running tasks, decoded and explained. */
export class StoreReading implements Reading {
  readonly #rules: Rules
  readonly #outcomes: Outcomes
  readonly #readers = new WeakMap<RunningTask, ObjectReader>()

  constructor(outcomes: Outcomes, rules: Rules = NO_RULES) {
    this.#outcomes = outcomes
    this.#rules = rules
  }

  object(task: RunningTask, id: ObjectId): Seen | undefined {
    const { reader, tables } = this.#of(task)
    const read = reader.read(tables, id)
    return read === undefined ? undefined : seen(reader, read)
  }

  objects(task: RunningTask, after: ObjectId | undefined, prefix: string, limit: number): readonly Seen[] {
    const { reader, tables } = this.#of(task)
    const found: Seen[] = []
    if (limit <= 0) return found
    for (const read of reader.list(tables, after, prefix)) {
      found.push(seen(reader, read))
      if (found.length >= limit) break
    }
    return found
  }

  explanation(task: RunningTask, id: ObjectId): string | undefined {
    const { reader, tables } = this.#of(task)
    const read = reader.read(tables, id)
    return read === undefined ? undefined : explanationText(id, reader.explanation(tables, read))
  }

  history(task: RunningTask, id: ObjectId): string | undefined {
    const { reader, tables } = this.#of(task)
    const read = reader.read(tables, id)
    if (read === undefined) return undefined
    return `{"object":${JSON.stringify(id)},"items":[${reader.history(tables, read).map(entryText).join(',')}]}`
  }

  policyOf(task: RunningTask, id: ObjectId) {
    return this.#settings(task).policyOf(id).policy
  }

  policies(task: RunningTask) {
    return this.#settings(task).policies()
  }

  judge(task: RunningTask, policy: unknown) {
    return this.#settings(task).judge(policy)
  }

  agents(task: RunningTask) {
    return [...this.#settings(task).agents()].map(([agent, settings]) => ({ agent, ...settings }))
  }

  agent(task: RunningTask, agent: AgentId) {
    const settings = this.#settings(task).agents().get(agent)
    return settings && { agent, ...settings }
  }

  outcome(partition: number, offset: number) {
    return this.#outcomes.of(partition, offset)
  }

  #settings(task: RunningTask): Settings {
    const { reader, tables } = this.#of(task)
    return reader.settings(tables)
  }

  #of(task: RunningTask): { readonly reader: ObjectReader; readonly tables: Tables } {
    let reader = this.#readers.get(task)
    if (reader === undefined) this.#readers.set(task, (reader = new ObjectReader(this.#rules)))
    return { reader, tables: (name) => task.table(name) }
  }
}

const seen = (reader: ObjectReader, read: ReadObject): Seen => ({
  view: reader.view(read),
  overrides: read.object.overrides,
})

const timeText = (ms: number | null): string | null => (ms === null ? null : rfc3339(ms))

function explanationText(object: ObjectId, { tally, candidate, nextDeadline, ...rest }: FullExplanation): string {
  return withTally(tally, {
    object,
    ...rest,
    candidate: candidate && {
      state: candidate.state,
      since: timeText(candidate.since),
      due: timeText(candidate.due),
    },
    nextDeadline: timeText(nextDeadline),
  })
}

interface WireEntry extends Omit<HistoryEntry, 'at' | 'tally'> {
  readonly at: string
  readonly trigger: Trigger
}

function entryText({ tally, at, ...rest }: HistoryEntry): string {
  const entry: WireEntry = { at: rfc3339(at), ...rest }
  return withTally(tally, entry)
}
