import type { HistoryEntry, Past, VoteObject } from './object'
import type { VoteState } from './port'
import type { Outcome } from './run'
import { shown } from './tally'

/** Who made the change and why, if the record says so. */
export interface Operator {
  readonly author: string | null
  readonly reason: string | null
}

/** The most changes that are stored in rows of their own: all that the policy keeps, except the newest. */
const mostRows = ({ inForce }: VoteObject): number => Math.max(0, inForce.policy.history - 1)

/**
 * Makes room for a change of the effective state that `version` already counts. The newest entry stays in the object's
 * row, so that an object that changed once (most of them) needs no further row. The entry before it, `last`, moves to a
 * row of its own; entries beyond the policy's `history` are deleted.
 */
export function keep(state: VoteState, object: VoteObject, last: HistoryEntry | null): void {
  if (last === null) return
  const { version } = object
  const most = mostRows(object)
  if (most > 0) state.keepHistory(object, last)
  // If it gets no row of its own, there is none to delete.
  const end = most > 0 ? version : last.version
  for (; object.oldest < version - most; object.oldest++)
    if (object.oldest < end) state.forgetHistory(object, object.oldest)
}

/** Deletes what a policy with a shorter history no longer keeps. Returns whether there was anything. */
export function shorten(state: VoteState, object: VoteObject): boolean {
  const first = object.version - mostRows(object)
  if (object.oldest >= first) return false
  for (; object.oldest < first; object.oldest++) state.forgetHistory(object, object.oldest)
  return true
}

/** The history entry of the change that the object has just undergone. */
export function entryOf(
  object: VoteObject,
  { cause, trigger }: Pick<Past, 'cause' | 'trigger'>,
  outcome: Outcome,
  now: number,
  operator?: Operator,
): HistoryEntry {
  const { entries, rest } = shown(outcome.tally)
  return {
    version: object.version,
    revision: object.revision,
    at: now,
    state: object.state,
    from: object.from!,
    voted: object.voted,
    cause,
    trigger,
    tally: entries,
    ...(rest === undefined ? {} : { tallyRest: rest }),
    participants: outcome.participants,
    electorate: outcome.electorate,
    quorum: outcome.quorum,
    rule: outcome.rule,
    policy: object.inForce.name,
    ...operator,
  }
}
