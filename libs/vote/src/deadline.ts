import { UNKNOWN } from '@quorate/contracts'
import { rowDue } from './count'
import { flappingEnds } from './flap'
import type { VoteObject } from './object'
import { candidateDue, noQuorumDue } from './voted'

/**
 * The object's next deadline after an evaluation (vote.md 1). It may be early if a row was refreshed since: it is
 * computed again when it comes. Infinity if there is none.
 */
export const deadline = (object: VoteObject): number =>
  Math.min(object.rowsDue, object.override?.expiresAt ?? Infinity, voteDeadline(object))

/**
 * The next deadline, ignoring rows and override: candidate, unknownAfter, the mass guard's hold, a rule's next retry,
 * flapping.
 */
export function voteDeadline(object: VoteObject): number {
  let due = Infinity
  if (object.candidate !== null) due = candidateDue(object)
  if (object.noQuorumSince !== null && changesWithoutQuorum(object)) {
    due = Math.min(due, Math.max(noQuorumDue(object), object.heldUntil ?? -Infinity))
  }
  if (object.unsupportedSince !== null) due = Math.min(due, object.unsupportedSince + object.inForce.unknownAfter)
  if (object.ruleHold !== null) due = Math.min(due, object.ruleHold.retryAt)
  if (object.flapping) due = Math.min(due, flappingEnds(object))
  return due
}

function changesWithoutQuorum({ voted, inForce }: VoteObject): boolean {
  const { onNoQuorum } = inForce.policy
  return voted !== (onNoQuorum === 'hold' ? UNKNOWN : onNoQuorum)
}

/**
 * Recomputes the object's next deadline. Changes nothing but the bound for its rows. `now`: the time of its last
 * evaluation, or later.
 */
export function deadlineAfter(object: VoteObject, now: number): number {
  let due = Infinity
  for (const row of object.rows) due = Math.min(due, rowDue(row, object))
  if (due > now) object.rowsDue = due
  return deadline(object)
}
