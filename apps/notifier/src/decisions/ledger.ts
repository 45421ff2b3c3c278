import { cutText, LIMITS } from '@quorate/contracts'
import { forgetAfter } from './history'
import { historyOf } from '../task-cache'
import type { RecordRef } from './record-ref'
import { type AttemptRecord, deadRow, type DeadRow, type DeliveryRow } from '../rows/rows'
import type { Tables } from '../rows/tables'

export type NewRecord = Omit<DeliveryRow, 'forgetAt'>

const settled = (row: Pick<DeliveryRow, 'status'>): boolean => row.status !== 'held' && row.status !== 'pending'

const withExpiry = (row: NewRecord, now: number): DeliveryRow => ({
  ...row,
  reason: row.reason && short(row.reason),
  lastAttempt: row.lastAttempt && shortAttempt(row.lastAttempt),
  forgetAt: settled(row) ? forgetAfter(now) : null,
})

/** What endpoints and templates say may be of any length; a page of decisions is one row. */
const short = (text: string): string => cutText(text, LIMITS.attemptTextBytes)

function shortAttempt(attempt: AttemptRecord): AttemptRecord {
  const { outcome, excerpt, note } = attempt
  const shorter = {
    outcome: short(outcome),
    ...(excerpt === undefined ? {} : { excerpt: short(excerpt) }),
    ...(note === undefined ? {} : { note: short(note) }),
  }
  const isSame = shorter.outcome === outcome && shorter.excerpt === excerpt && shorter.note === note
  return isSame ? attempt : { ...attempt, ...shorter }
}

/** Writes a decision; answers where it lies. */
export const record = (tables: Tables, row: NewRecord): RecordRef =>
  historyOf(tables).add(tables, withExpiry(row, row.decidedAt))

/** Changes a decision's record, if it has not been forgotten. */
export function amend(tables: Tables, ref: RecordRef, now: number, change: Partial<NewRecord>): void {
  historyOf(tables).change(tables, ref, (row) => withExpiry({ ...row, ...change }, now))
}

/** Deletes a decision's record. */
export function erase(tables: Tables, ref: RecordRef): void {
  historyOf(tables).change(tables, ref, () => undefined)
}

/** Gives a delivery up for now: kept with its message, to be redriven or dropped. */
export function deadLetter(tables: Tables, dead: DeadRow): void {
  const { id } = dead.row
  tables.table('dead').put(id, deadRow.encode({ ...dead, reason: short(dead.reason) }))
  tables.table('dead').arm(id, dead.forgetAt)
}
