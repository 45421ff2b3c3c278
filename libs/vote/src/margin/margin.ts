import { fewestOverGroups } from './groups'
import { fewestToUnseat } from './run'
import { Stacks } from './votes'
import type { VoteObject } from '../object'
import { participantsOf, type Outcome } from '../run'
import type { Settings } from '../settings'

/**
 * The fewest participants whose changed vote (to any other state that may be reported) would change the winner: to
 * another, to none, or from none to one. null if no change of votes does: without quorum, or with only one state. null
 * also if it is unknown: under rules registered in code, and with groups where the cheapest way may be to make a group
 * abstain and the exact cost of that is hard to compute (DESIGN.md, "The margin"). A number is always exact.
 */
export function marginOf(object: VoteObject, outcome: Outcome, settings: Settings): number | null {
  const { policy, groups } = object.inForce
  if (policy.method !== 'majority' && policy.method !== 'ordered') return null
  if (groups.length > 0) return finite(fewestOverGroups(object, outcome, settings))
  if (!outcome.quorate) return null
  const stacks = new Stacks(participantsOf(object, 0))
  return finite(fewestToUnseat({ stacks, policy: object.inForce, previous: object.voted, winner: outcome.winner }))
}

const finite = (count: number | undefined): number | null => (count === undefined || count === Infinity ? null : count)
