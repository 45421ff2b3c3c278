import type { HistoryEntry, Past, VoteObject } from './object'
import type { VoteState } from './port'
import type { Outcome } from './run'
import { tallyEntries } from './view'

/** States of a tally that an entry keeps: agents that invent states must not grow it without end. */
const MOST_STATES = 1000

/**
 * Makes room for a change of the effective state. The newest entry stays in the object itself, so that an object that changed once (most of
 * them) costs no row; the one before it moves to a row of its own, and those beyond the policy's `history` go.
 */
export function keep(state: VoteState, object: VoteObject, last: HistoryEntry | null): void {
  const kept = Math.max(0, object.inForce.policy.history - 1)
  const { version } = object
  if (last !== null && kept > 0) state.keepHistory(object, last)
  else if (last !== null) object.oldest = version
  for (; version - object.oldest > kept; object.oldest++) state.forgetHistory(object, object.oldest)
}

/** The change that the object has just undergone. */
export function entryOf(
  object: VoteObject,
  { cause, trigger }: Pick<Past, 'cause' | 'trigger'>,
  outcome: Outcome,
  now: number,
): HistoryEntry {
  return {
    version: object.version,
    revision: object.revision,
    at: now,
    state: object.state,
    from: object.from!,
    voted: object.voted,
    cause,
    trigger,
    tally: tallyEntries(outcome.tally).slice(0, MOST_STATES),
    participants: outcome.participants,
    electorate: outcome.electorate,
    quorum: outcome.quorum,
    rule: outcome.rule,
    policy: object.inForce.name,
  }
}
