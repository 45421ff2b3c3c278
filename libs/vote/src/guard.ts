import { observersKey, UNKNOWN, type Change } from '@quorate/contracts'
import type { VoteObject } from './object'

/** ms that an object waits before it turns `unknown` because observers are missing (vote.md 10, `massHold`). */
export const MASS_HOLD = 300_000
/** With fewer stale objects than this, nothing is suspected. */
const MIN_STALE = 20

/** An outage of observers in one partition. */
export interface Incident {
  /** `<partition>@<offset>` of the record that advanced stream time. */
  readonly id: string
}

/**
 * The number of objects in the partition with a known voted state, of those that are stale, and of those that turned
 * `unknown` in the open incident. Updated by each evaluation, stored with the clock.
 */
export interface Guard {
  known: number
  stale: number
  lost: number
  incident: Incident | null
}

export const newGuard = (): Guard => ({ known: 0, stale: 0, lost: 0, incident: null })

const isMany = (some: number, all: number): boolean => some >= MIN_STALE && 2 * some > all

/** Whether an outage of the observers is more likely than an outage of what they observe. */
export const suspectsObservers = ({ known, stale }: Guard): boolean => isMany(stale, known)

/**
 * Whether the incident is over: too few objects are stale or turned `unknown` by it. Turning objects `unknown` does not
 * end it.
 */
export const isOver = ({ known, stale, lost }: Guard): boolean => !isMany(stale + lost, known + lost)

/** How the guard counts an object. */
export type Standing = 'none' | 'known' | 'stale' | 'lost'

export function standingOf({ incident }: Guard, object: VoteObject): Standing {
  // A state that is held because a rule cannot decide says nothing about the observers.
  if (object.voted !== UNKNOWN) return object.stale && object.ruleHold === null ? 'stale' : 'known'
  return incident !== null && object.incident === incident.id ? 'lost' : 'none'
}

/** Moves an object between the counts. */
export function moveStanding(guard: Guard, was: Standing, is: Standing): void {
  if (was === is) return
  count(guard, was, -1)
  count(guard, is, 1)
}

function count(guard: Guard, standing: Standing, by: 1 | -1): void {
  if (standing === 'known' || standing === 'stale') guard.known += by
  if (standing === 'stale') guard.stale += by
  if (standing === 'lost') guard.lost += by
}

/** `observers.lost`, emitted once per incident. */
export function observersLost(guard: Guard, partition: number, incident: Incident, now: number): Change {
  const { stale, known } = guard
  return {
    type: 'observers.lost',
    id: `observers/${incident.id}.lost`,
    time: now,
    subject: observersKey(partition),
    data: { partition, incident: incident.id, stale, known, since: now },
  }
}

export function observersBack(partition: number, incident: Incident, now: number): Change {
  return {
    type: 'observers.back',
    id: `observers/${incident.id}.back`,
    time: now,
    subject: observersKey(partition),
    data: null,
  }
}
