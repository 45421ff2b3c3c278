import { expiresAt, forgottenAt, moveKnown, recount, rowDue, withdrawVote } from './count'
import { takeRow, type VoteObject } from './object'
import type { VoteState } from './port'

/** Updates the count to the current settings: after decoding, and when a policy or agent changed. */
export function refresh(state: VoteState, object: VoteObject, now: number): void {
  const { settings } = state
  if (object.countedUnder !== settings.version) recount(object, settings.policyOf(object.id), settings, now)
}

/** Removes the row from the object, with its vote and its evidence. */
export function removeRow(state: VoteState, object: VoteObject, place: number): void {
  const row = object.rows[place]!
  withdrawVote(object, row)
  moveKnown(object, row.agent, state.settings, -1)
  takeRow(object, place)
  state.rowChanged(object, place)
  state.rowChanged(object, object.rows.length)
  if (row.hasEvidence) state.deleteEvidence(object, row.agent)
}

/** Forgets rows and expires votes that are due, and computes when the next one is. */
export function sweep(state: VoteState, object: VoteObject, now: number): void {
  const { rows } = object
  let due = Infinity
  for (let place = rows.length - 1; place >= 0; place--) {
    const row = rows[place]!
    if (now >= forgottenAt(row, object)) {
      removeRow(state, object, place)
      continue
    }
    if (row.counted > 0 && now >= expiresAt(row, object)) withdrawVote(object, row)
    due = Math.min(due, rowDue(row, object))
  }
  object.rowsDue = due
}
