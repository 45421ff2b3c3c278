import {
  type AgentId,
  type AgentSettings,
  type ObjectId,
  type Policy,
  rfc3339,
  type TallyRest,
} from '@quorate/contracts'
import { Problem } from '@quorate/http'
import type { RunningTask } from '@quorate/streams'
import {
  knownRequest,
  ObjectReader,
  type Outcomes,
  type ReadObject,
  type RequestRow,
  TABLE,
  UnreadableObject,
} from '@quorate/engine/core'
import { NO_RULES, type Rules, type Settings, type TallyEntries } from '@quorate/vote'
import type { Outcome, Reading, Seen } from './reading'

/** Reads what the tasks have committed. Each task has its own reader, which keeps the settings decoded. */
export class CommittedReading implements Reading {
  readonly #readers = new WeakMap<RunningTask, ObjectReader>()

  constructor(
    private readonly outcomes: Outcomes,
    private readonly rules: Rules = NO_RULES,
  ) {}

  object(task: RunningTask, id: ObjectId): Seen | undefined {
    const reader = this.#reader(task)
    return orProblem(() => {
      const read = reader.read(tablesOf(task), id, task.changelogPosition)
      return read && seenOf(reader, read)
    })
  }

  objects(
    task: RunningTask,
    after: ObjectId | undefined,
    prefix: string,
    limit: number,
    unreadable?: (id: ObjectId) => void,
  ): readonly Seen[] {
    const reader = this.#reader(task)
    const seen: Seen[] = []
    for (const read of reader.list(tablesOf(task), after, prefix, task.changelogPosition, unreadable)) {
      seen.push(seenOf(reader, read))
      if (seen.length === limit) break
    }
    return seen
  }

  explanation(task: RunningTask, id: ObjectId): string | undefined {
    return orProblem(() => this.#explanation(task, id))
  }

  #explanation(task: RunningTask, id: ObjectId): string | undefined {
    const reader = this.#reader(task)
    const read = reader.read(tablesOf(task), id, task.changelogPosition)
    if (!read) return undefined
    const { state, voted, override, agents, tally, tallyRest, candidate, nextDeadline, ruleFault, ...rest } =
      reader.explanation(tablesOf(task), read)
    const shown = {
      ...rest,
      candidate: candidate?.state ?? null,
      candidateSince: timeOf(candidate?.since),
      candidateDue: timeOf(candidate?.due),
      nextDeadline: timeOf(nextDeadline),
      ruleFault: ruleFault && { ...ruleFault, since: timeOf(ruleFault.since) },
    }
    const first = { state, voted, override: override && { ...override, expiresAt: timeOf(override.expiresAt) }, agents }
    return `${JSON.stringify(first).slice(0, -1)},${tallyText(tally, tallyRest)},${JSON.stringify(shown).slice(1)}`
  }

  history(task: RunningTask, id: ObjectId): string | undefined {
    return orProblem(() => this.#history(task, id))
  }

  #history(task: RunningTask, id: ObjectId): string | undefined {
    const reader = this.#reader(task)
    const read = reader.read(tablesOf(task), id, task.changelogPosition)
    if (!read) return undefined
    const entries = reader
      .history(tablesOf(task), read)
      .map(
        ({ tally, tallyRest, at, ...rest }) =>
          `{"at":"${rfc3339(at)}",${tallyText(tally, tallyRest)},${JSON.stringify(rest).slice(1)}`,
      )
    return `{"items":[${entries.join(',')}]}`
  }

  policyOf(task: RunningTask, id: ObjectId): Policy {
    return this.#settings(task).policyOf(id).policy
  }

  policies(task: RunningTask): readonly Policy[] {
    return this.#settings(task).policies()
  }

  judge(task: RunningTask, policy: unknown) {
    return this.#settings(task).judge(policy)
  }

  agents(task: RunningTask): readonly Required<AgentSettings>[] {
    return [...this.#settings(task).agents()].map(([agent, settings]) => ({ agent, ...settings }))
  }

  agent(task: RunningTask, agent: AgentId): Required<AgentSettings> | undefined {
    const settings = this.#settings(task).agents().get(agent)
    return settings && { agent, ...settings }
  }

  request(task: RunningTask, key: string): RequestRow | undefined {
    return knownRequest(task.table(TABLE.requests), key, task.time)
  }

  outcome(partition: number, offset: number): Outcome | undefined {
    return this.outcomes.of(partition, offset)
  }

  #settings(task: RunningTask): Settings {
    return this.#reader(task).settings(tablesOf(task), task.changelogPosition)
  }

  #reader(task: RunningTask): ObjectReader {
    let reader = this.#readers.get(task)
    if (!reader) this.#readers.set(task, (reader = new ObjectReader(this.rules)))
    return reader
  }
}

/** @throws Problem 500 that names the object whose rows cannot be read, and what to do */
function orProblem<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof UnreadableObject)) throw error
    throw new Problem(
      'object-unreadable',
      `The stored rows of ${JSON.stringify(error.object)} cannot be read (${error.message}). Nothing was written, and all other objects are answered. ` +
        'quorate audit says whether the changelog has the same rows; if it does not, stop the instance and remove the store of this partition: it is built again from the changelog.',
      { cause: error },
    )
  }
}

const tablesOf = (task: RunningTask) => (name: string) => task.table(name)
const seenOf = (reader: ObjectReader, read: ReadObject): Seen => ({
  view: reader.view(read),
  overrides: read.object.overrides,
})
const timeOf = (ms: number | null | undefined) => (ms === null || ms === undefined ? null : rfc3339(ms))

/**
 * `"tally":{…}`, and `tallyRest` where there is one. By hand: an object would put names of digits before all others.
 */
const tallyText = (tally: TallyEntries, rest: TallyRest | undefined) =>
  `"tally":{${tally.map(([state, weight]) => `"${state}":${weight}`).join(',')}}` +
  (rest === undefined ? '' : `,"tallyRest":${JSON.stringify(rest)}`)
