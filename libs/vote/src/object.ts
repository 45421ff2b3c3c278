import {
  UNKNOWN,
  type AgentId,
  type Cause,
  type ObjectId,
  type Override,
  type State,
  type TallyRest,
  type Trigger,
} from '@quorate/contracts'
import type { InForce } from './in-force'
import type { RuleHold } from './rule-fault'
import type { Ballot } from './tally'

/**
 * The latest accepted report of one agent for one object (vote.md 2). Times are ms since the object's creation, so that
 * they are small integers for its first weeks. Absolute times would be heap numbers, three per report, and caused a
 * third of the garbage.
 */
export interface Row {
  readonly agent: AgentId
  state: State
  /** −1 if the report has none. */
  seq: number
  /** '' if the report has none. */
  session: string
  /** Append time, since the object's creation: `memory` counts from it. */
  at: number
  /** How much earlier it was observed: `ttl` counts from `at − lag`. */
  lag: number
  /** The report's own ttl; 0 if it has none. */
  ttl: number
  hasEvidence: boolean
  /** Derived: the weight that it currently has in the ballot; 0 if it does not count. */
  counted: number
}

/** An override in force, with the time it was set. */
export interface ActiveOverride extends Override {
  readonly at: number
}

/** A change of the effective state as `GET …/history` shows it. */
export interface HistoryEntry {
  readonly version: number
  readonly revision: number
  /** ms: the time of the evaluation. */
  readonly at: number
  readonly state: State
  readonly from: State
  readonly voted: State
  readonly cause: Cause
  readonly trigger: Trigger
  /** By state, in the order of UTF-8 bytes. */
  readonly tally: readonly (readonly [State, number])[]
  /** The weight of the states that `tally` leaves out. */
  readonly tallyRest?: TallyRest
  readonly participants: number
  readonly electorate: number
  readonly quorum: number
  readonly rule: string | null
  readonly policy: string
  /** Who set or cleared the override, and why; only if that is the cause. */
  readonly author?: string | null
  readonly reason?: string | null
}

/** The origin of the object's last record, and its newest change. */
export interface Past {
  readonly cause: Cause
  readonly trigger: Trigger
  /** null if no record was a change. */
  readonly change: HistoryEntry | null
}

/** Newest changes of `voted` whose times are kept (vote.md 5). */
export const CHANGES_KEPT = 20

const NO_CHANGES: readonly number[] = []

/** Up to this number of rows, a linear search is used. */
const FEW = 32

/**
 * The state of one object. Members marked as derived are not stored but computed from the rest. A class, so that a
 * store can add fields of its own and all objects still have one shape.
 */
export class VoteObject {
  version = 0
  revision = 0
  /** The effective state, and the one before its last change. */
  state: State = UNKNOWN
  from: State | null = null
  /** What was last emitted; null if nothing was. */
  past: Past | null = null

  voted: State = UNKNOWN
  votedSince: number
  votedAt: number
  /** Whether `voted` ever left `unknown` in this incarnation: `settle` delays only the first decision. */
  decided = false
  candidate: State | null = null
  candidateSince = 0
  /** Since when there has been no quorum without interruption; null if there is one. */
  noQuorumSince: number | null = null
  /** Since when there has been a contest without any weight for `voted`, without interruption. */
  unsupportedSince: number | null = null
  contested = false
  stale = false
  flapping = false
  /** Times of the newest changes of `voted`, oldest first, at most 20. */
  changes = NO_CHANGES

  /** Set while the rule of its policy cannot decide (vote.md 5). */
  ruleHold: RuleHold | null = null

  override: ActiveOverride | null = null
  /** Number of changes of the override in this incarnation: the `n` of entity tags. */
  overrides = 0

  /** Until when the mass guard holds the object; null if it does not. */
  heldUntil: number | null = null
  /** The incident that holds it, or because of which it turned `unknown`. */
  incident: string | null = null

  /** The lowest version whose change is stored in a row of its own. The newest change is in the object's row. */
  oldest = 1

  readonly rows: Row[] = []
  /** When the schedule next evaluates this object; may be early. Infinity: never. */
  armed = Infinity

  /** Derived: index of each agent's row, built once there are many. */
  index: Map<AgentId, number> | null = null
  /** Derived: the version of the settings under which `inForce` was chosen and the reports were counted. */
  countedUnder = -1
  /** Derived: a lower bound of the next time at which a row expires or is forgotten. */
  rowsDue = Infinity

  /** `inForce` and `ballots` are derived: the policy in force, and one ballot, or one per group with `default` last. */
  constructor(
    readonly id: ObjectId,
    readonly incarnation: number,
    readonly createdAt: number,
    public inForce: InForce,
    public ballots: Ballot[],
  ) {
    this.votedSince = createdAt
    this.votedAt = createdAt
  }
}

/** Index of an agent's row, or −1. */
export function placeOf(object: VoteObject, agent: AgentId): number {
  const { rows } = object
  if (rows.length <= FEW) {
    for (let i = 0; i < rows.length; i++) if (rows[i]!.agent === agent) return i
    return -1
  }
  object.index ??= new Map(rows.map((row, place) => [row.agent, place]))
  return object.index.get(agent) ?? -1
}

export function appendRow(object: VoteObject, row: Row): number {
  object.index?.set(row.agent, object.rows.length)
  return object.rows.push(row) - 1
}

/** Removes a row. The last row takes its place, so that at most two pages change. */
export function takeRow(object: VoteObject, place: number): Row {
  const { rows, index } = object
  const row = rows[place]!
  const last = rows.pop()!
  index?.delete(row.agent)
  if (last !== row) {
    rows[place] = last
    index?.set(last.agent, place)
  }
  return row
}

export const effectiveState = (object: VoteObject): State => object.override?.state ?? object.voted

export const isDivergent = (object: VoteObject): boolean =>
  object.override !== null && object.override.state !== object.voted
