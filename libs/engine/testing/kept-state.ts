import type { AgentId, Change, ObjectId, View } from '@quorate/contracts'
import {
  decide,
  explain,
  type Explanation,
  type HistoryEntry,
  loaded,
  MemoryState,
  viewOf,
  type VoteObject,
} from '@quorate/vote'
import { eventLine, type EventLine } from './sink'

/** Everything that a read of one object returns. */
export interface ReadOfObject {
  readonly view: View
  readonly explanation: Explanation
  readonly evidence: Readonly<Record<AgentId, unknown>>
  readonly history: readonly HistoryEntry[]
  readonly reports: readonly string[]
}

/** Every agent's stored report, ordered by agent. */
export const reportsOf = ({ rows, createdAt }: VoteObject): string[] =>
  rows
    .map(({ agent, state, seq, session, at, lag, ttl, hasEvidence }) =>
      JSON.stringify([agent, state, seq, session, createdAt + at, lag, ttl, hasEvidence]),
    )
    .sort()

/** The fold in memory, as `simulate` runs it, with evidence and each object's emitted changes. */
export class KeptState extends MemoryState {
  readonly events: EventLine[]
  readonly #evidence = new Map<ObjectId, Map<AgentId, unknown>>()
  readonly #changes = new Map<ObjectId, HistoryEntry[]>()

  constructor() {
    const events: EventLine[] = []
    super((change) => {
      events.push(eventLine(change))
      this.#note(change)
    })
    this.events = events
  }

  read(id: ObjectId): ReadOfObject | undefined {
    const object = loaded(this, id, this.clock.time)
    if (object === undefined) return undefined
    const outcome = decide(object, this.settings)
    const { history } = object.inForce.policy
    return {
      view: viewOf(object, outcome),
      explanation: explain(object, outcome, this.settings, this.clock.time),
      evidence: Object.fromEntries(this.#evidence.get(id) ?? []),
      history: [...(this.#changes.get(id) ?? [])].reverse().slice(0, history),
      reports: reportsOf(object),
    }
  }

  /** Called after each record: a new policy drops changes that it does not keep. */
  shorten(): void {
    for (const id of this.#changes.keys()) this.#shorten(id, this.settings.policyOf(id).policy.history)
  }

  override setEvidence(object?: VoteObject, agent?: AgentId, evidence?: unknown): void {
    const known = this.#evidence.get(object!.id) ?? new Map<AgentId, unknown>()
    this.#evidence.set(object!.id, known.set(agent!, evidence))
  }

  override deleteEvidence(object?: VoteObject, agent?: AgentId): void {
    this.#evidence.get(object!.id)?.delete(agent!)
  }

  override drop(object: VoteObject): void {
    super.drop(object)
    this.#evidence.delete(object.id)
    this.#changes.delete(object.id)
  }

  #note({ type, subject, time, data }: Change): void {
    if (type !== 'object.changed') return
    const {
      version,
      revision,
      state,
      from,
      voted,
      cause,
      trigger,
      tally,
      participants,
      electorate,
      quorum,
      rule,
      policy,
    } = data as View
    const sorted = Object.entries(tally).sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    const entry = {
      version,
      revision,
      at: time,
      state,
      from,
      voted,
      cause,
      trigger,
      tally: sorted,
      participants,
      electorate,
      quorum,
      rule,
      policy,
      ...operatorOf(data as View),
    } as HistoryEntry
    const changes = this.#changes.get(subject) ?? []
    this.#changes.set(subject, [...changes, entry])
    this.#shorten(subject, this.settings.policyOf(subject).policy.history)
  }

  /** The newest change is always kept, because a policy with a longer history shows it again. */
  #shorten(id: ObjectId, history: number): void {
    const changes = this.#changes.get(id)
    if (changes !== undefined) this.#changes.set(id, changes.slice(-Math.max(1, history)))
  }
}

/** Scenarios have no author or reason where an override is cleared. */
function operatorOf({ cause, override }: View): Pick<HistoryEntry, 'author' | 'reason'> {
  if (cause === 'override') return { author: override!.author, reason: override!.reason }
  return cause === 'override-cleared' ? { author: null, reason: null } : {}
}
