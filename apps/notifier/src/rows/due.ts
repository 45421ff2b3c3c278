import type { ObjectRow } from './rows'

const DAY = 86_400_000

/** How long settled decisions, and what is known of objects that are gone, are kept: ms. */
export const RETENTION_MS = 7 * DAY
/** Dead letters wait longer for someone to look. */
export const DEAD_RETENTION_MS = 30 * DAY

/**
 * When an object needs to be looked at again without a new change: what it holds is due, or to be told again, or to be
 * forgotten.
 */
export function dueOfObject(row: ObjectRow): number | null {
  let due = Infinity
  for (const held of Object.values(row.held)) due = Math.min(due, held.until)
  for (const { repeatAt = Infinity } of Object.values(row.told)) due = Math.min(due, repeatAt)
  if (due === Infinity && row.goneAt !== undefined) due = row.goneAt + RETENTION_MS
  return due === Infinity ? null : due
}
