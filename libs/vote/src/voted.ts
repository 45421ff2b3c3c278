import { UNKNOWN, type Cause, type State } from '@quorate/contracts'
import { MASS_HOLD, observersLost, suspectsObservers } from './guard'
import { CHANGES_KEPT, type VoteObject } from './object'
import type { VoteState } from './port'
import { held, type RuleFault } from './rule-fault'
import type { Outcome } from './run'

/** When an evaluation happens: its time, and the offset of the record that caused it or advanced stream time. */
export interface Moment {
  readonly now: number
  readonly offset: number
}

/** Why `voted` changed without a winner. */
export type Loss = Extract<Cause, 'quorum-lost' | 'no-majority'>

/** Applies the outcome to the voted state and its marks (vote.md 5). */
export function move(state: VoteState, object: VoteObject, outcome: Outcome, moment: Moment): Loss | null {
  if (outcome.fault !== null) return withoutRule(state, object, outcome.fault, moment.now)
  if (object.ruleHold !== null) {
    object.ruleHold = null
    state.ruleFault(object, null)
  }
  if (!outcome.quorate) return withoutQuorum(state, object, moment)
  object.noQuorumSince = null
  object.heldUntil = null
  object.incident = null
  object.stale = false
  object.contested = outcome.contested
  if (outcome.winner === null) return withoutWinner(object, outcome, moment.now)
  object.unsupportedSince = null
  withWinner(object, outcome.winner, moment.now)
  return null
}

/** The rule cannot decide: the last voted state is held until it can, without a time limit. */
function withoutRule(state: VoteState, object: VoteObject, fault: RuleFault, now: number): null {
  object.noQuorumSince = null
  object.heldUntil = null
  object.incident = null
  object.candidate = null
  object.unsupportedSince = null
  object.contested = false
  object.stale = object.voted !== UNKNOWN
  object.ruleHold = held(object.ruleHold, fault, now)
  state.ruleFault(object, fault)
  return null
}

function withWinner(object: VoteObject, winner: State, now: number): void {
  if (winner === object.voted) {
    object.candidate = null
    return
  }
  if (object.candidate !== winner) {
    object.candidate = winner
    object.candidateSince = now
  }
  if (now >= candidateDue(object)) become(object, winner, object.candidateSince, now)
}

/** When the candidate becomes `voted` if it keeps winning: confirmed, and not before the first decision is allowed. */
export function candidateDue(object: VoteObject): number {
  const { candidate, candidateSince, inForce } = object
  const confirmed = candidateSince + (object.voted === UNKNOWN ? 0 : inForce.confirm(candidate!))
  return object.decided ? confirmed : Math.max(confirmed, settledAt(object))
}

export const settledAt = (object: VoteObject): number => object.createdAt + object.inForce.settle

function become(object: VoteObject, voted: State, since: number, now: number): void {
  object.voted = voted
  object.votedSince = since
  object.votedAt = now
  object.candidate = null
  object.unsupportedSince = null
  if (voted !== UNKNOWN) object.decided = true
  const { changes } = object
  object.changes = [...(changes.length < CHANGES_KEPT ? changes : changes.slice(1)), now]
}

function withoutWinner(object: VoteObject, { tally }: Outcome, now: number): Loss | null {
  object.candidate = null
  if (object.voted === UNKNOWN || tally.of(object.voted) > 0) {
    object.unsupportedSince = null
    return null
  }
  object.unsupportedSince ??= now
  if (now < object.unsupportedSince + object.inForce.unknownAfter) return null
  become(object, UNKNOWN, now, now)
  return 'no-majority'
}

function withoutQuorum(state: VoteState, object: VoteObject, moment: Moment): Loss | null {
  const { now } = moment
  object.contested = false
  object.candidate = null
  object.unsupportedSince = null
  object.noQuorumSince ??= now
  const { onNoQuorum } = object.inForce.policy
  object.stale = onNoQuorum === 'hold' && object.voted !== UNKNOWN
  const target = onNoQuorum === 'hold' ? UNKNOWN : onNoQuorum
  if (object.voted === target || now < noQuorumDue(object)) return null
  if (target === UNKNOWN && isHeld(state, object, moment)) return null
  object.heldUntil = null
  if (target !== UNKNOWN) object.incident = null
  object.stale = false
  become(object, target, now, now)
  return 'quorum-lost'
}

/** When the missing quorum changes `voted`, without the mass guard. */
export function noQuorumDue(object: VoteObject): number {
  const { policy, unknownAfter } = object.inForce
  if (policy.onNoQuorum === 'hold') return object.noQuorumSince! + unknownAfter
  return policy.onNoQuorum === UNKNOWN || object.decided
    ? object.noQuorumSince!
    : Math.max(object.noQuorumSince!, settledAt(object))
}

/** Whether the mass guard makes the object wait (vote.md 10). */
function isHeld(state: VoteState, object: VoteObject, { now, offset }: Moment): boolean {
  if (object.heldUntil !== null) return now < object.heldUntil
  const { guard, partition } = state
  if (!suspectsObservers(guard)) return false
  if (guard.incident === null) {
    guard.incident = { id: `${partition}@${offset}` }
    state.emit(observersLost(guard, partition, guard.incident, now))
  }
  object.heldUntil = now + MASS_HOLD
  object.incident = guard.incident.id
  return true
}
