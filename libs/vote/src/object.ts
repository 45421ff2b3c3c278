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
 * The latest accepted report of one agent for one object (vote.md 2). Times are ms since the object's creation: small integers for its
 * first weeks. Points in time would be numbers on the heap, three to a report, and were a third of the garbage.
 */
export interface Row {
  readonly agent: AgentId
  state: State
  /** −1: none. */
  seq: number
  /** '' where absent. */
  session: string
  /** Append time, since the object's creation: what `memory` counts from. */
  at: number
  /** How much earlier it was observed: `at − lag` is what `ttl` counts from. */
  lag: number
  /** The report's own ttl; 0: none. */
  ttl: number
  hasEvidence: boolean
  /** Derived: the weight with which it counts now; 0: it does not. */
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
  /** The states that it does not show. */
  readonly tallyRest?: TallyRest
  readonly participants: number
  readonly electorate: number
  readonly quorum: number
  readonly rule: string | null
  readonly policy: string
  /** Who set or cleared the override, and why; only where that is the cause. */
  readonly author?: string | null
  readonly reason?: string | null
}

/** What the last record of an object said of its origin, and the newest change. */
export interface Past {
  readonly cause: Cause
  readonly trigger: Trigger
  /** null: no record was a change. */
  readonly change: HistoryEntry | null
}

/** All that is known of one object, decoded. What is marked derived is not stored: it is told from the rest. */
export interface VoteObject {
  readonly id: ObjectId
  readonly incarnation: number
  readonly createdAt: number
  version: number
  revision: number
  /** The effective state, and the one before its last change. */
  state: State
  from: State | null
  /** What was told last; null: nothing was. */
  past: Past | null

  voted: State
  votedSince: number
  votedAt: number
  /** Whether `voted` ever left `unknown` in this incarnation: `settle` holds the first decision alone. */
  decided: boolean
  candidate: State | null
  candidateSince: number
  /** Since when there has been no quorum, unbroken; null: there is one. */
  noQuorumSince: number | null
  /** Since when there has been a contest without any weight for `voted`, unbroken. */
  unsupportedSince: number | null
  contested: boolean
  stale: boolean
  flapping: boolean
  /** Times of the newest changes of `voted`, oldest first, at most 20. */
  changes: readonly number[]

  /** While the rule of its policy cannot decide (vote.md 5). */
  ruleHold: RuleHold | null

  override: ActiveOverride | null
  /** Changes of the override in this incarnation: the n of entity tags. */
  overrides: number

  /** While the mass guard holds the object back: until when. */
  heldUntil: number | null
  /** The incident that holds it, or for which it turned `unknown`. */
  incident: string | null

  /** Changes before the newest lie in rows of their own, from this version on. */
  oldest: number

  readonly rows: Row[]
  /** When the schedule wakes this object; may be early. Infinity: never. */
  armed: number
  /** The store's own: pages of reports that it has beside the first; −1: it has nothing of this object yet. */
  storedPages: number
  /** The store's own: how many reports the object's row says there are. */
  storedRows: number
  /** The store's own: whether it changed since it was encoded, and whether anything but reports did. */
  dirty: boolean
  headChanged: boolean
  /** The store's own: the bytes of all but its reports, as they were last encoded, among others. */
  head: Buffer | null
  headStart: number
  headEnd: number
  /** The store's own: whether it was asked for again while it was decoded, and the memory it is thought to take. */
  again: boolean
  weight: number

  /** Derived: place of each agent's row, once there are many. */
  index: Map<AgentId, number> | null
  /** Derived: the policy in force and the settings' version it was chosen and counted under. */
  inForce: InForce
  countedUnder: number
  /** Derived: one ballot, or one for each group and the last for `default`. */
  ballots: Ballot[]
  /** Derived: not later than the next expiry or forgetting of a row. */
  rowsDue: number
}

/** Newest changes of `voted` whose times are kept (vote.md 5). */
export const CHANGES_KEPT = 20

const NO_CHANGES: readonly number[] = []

/** Few enough to search one by one. */
const FEW = 32

export type NewObject = Pick<VoteObject, 'id' | 'incarnation' | 'createdAt' | 'inForce' | 'ballots'>

export function newObject({ id, incarnation, createdAt, inForce, ballots }: NewObject): VoteObject {
  return {
    id,
    incarnation,
    createdAt,
    version: 0,
    revision: 0,
    state: UNKNOWN,
    from: null,
    past: null,
    voted: UNKNOWN,
    votedSince: createdAt,
    votedAt: createdAt,
    decided: false,
    candidate: null,
    candidateSince: 0,
    noQuorumSince: null,
    unsupportedSince: null,
    contested: false,
    stale: false,
    flapping: false,
    changes: NO_CHANGES,
    ruleHold: null,
    override: null,
    overrides: 0,
    heldUntil: null,
    incident: null,
    oldest: 1,
    rows: [],
    armed: Infinity,
    storedPages: -1,
    storedRows: 0,
    dirty: false,
    headChanged: true,
    head: null,
    headStart: 0,
    headEnd: 0,
    again: false,
    weight: 0,
    index: null,
    inForce,
    countedUnder: -1,
    ballots,
    rowsDue: Infinity,
  }
}

/** Place of an agent's row, or −1. */
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

/** Takes a row out; the last one moves into its place, so that at most two pages change. */
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
