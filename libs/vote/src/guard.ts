import { observersKey, UNKNOWN, type Change } from '@quorate/contracts'
import type { VoteObject } from './object'

/** ms that an object waits before it turns `unknown` for want of observers (vote.md 10, `massHold`). */
export const MASS_HOLD = 300_000
/** Stale objects below which nothing is suspected. */
const LEAST = 20

/** An outage of observers in one partition. */
export interface Incident {
  /** `<partition>@<offset>` of the record that moved time on. */
  readonly id: string
}

/**
 * How many objects of the partition have a known voted state, how many of them are stale, and how many have turned `unknown` in the
 * incident that is open. Kept by each evaluation, stored with the clock.
 */
export interface Guard {
  known: number
  stale: number
  lost: number
  incident: Incident | null
}

export const newGuard = (): Guard => ({ known: 0, stale: 0, lost: 0, incident: null })

const isMany = (some: number, all: number): boolean => some >= LEAST && 2 * some > all

/** Whether the observers are more likely gone than the world. */
export const suspectsObservers = ({ known, stale }: Guard): boolean => isMany(stale, known)

/** The incident lasts while those it turned `unknown` and those still stale are that many: turning them does not end it. */
export const isOver = ({ known, stale, lost }: Guard): boolean => !isMany(stale + lost, known + lost)

/** What an object counts as. */
export type Standing = 'none' | 'known' | 'stale' | 'lost'

export function standingOf({ incident }: Guard, object: VoteObject): Standing {
  // A state that is held for want of a rule says nothing of the observers.
  if (object.voted !== UNKNOWN) return object.stale && object.ruleHold === null ? 'stale' : 'known'
  return incident !== null && object.incident === incident.id ? 'lost' : 'none'
}

/** Moves an object in the counts from what it was to what it is. */
export function restand(guard: Guard, was: Standing, is: Standing): void {
  if (was === is) return
  count(guard, was, -1)
  count(guard, is, 1)
}

function count(guard: Guard, standing: Standing, by: 1 | -1): void {
  if (standing === 'known' || standing === 'stale') guard.known += by
  if (standing === 'stale') guard.stale += by
  if (standing === 'lost') guard.lost += by
}

/** `observers.lost`, emitted once an incident. */
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
