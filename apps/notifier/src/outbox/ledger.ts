import type { Table } from '@quorate/state-store'
import { RETENTION_MS } from './due'
import { byObjectKey, recordKey } from './keys'
import { deadRow, type DeadRow, type DeliveryRow, deliveryRow } from './rows'

/** The tables of one task, while a batch is in hand. */
export interface Tables {
  table(name: string): Table
}

export type NewRecord = Omit<DeliveryRow, 'forgetAt'>

const settled = (row: Pick<DeliveryRow, 'status'>): boolean => row.status !== 'held' && row.status !== 'pending'

/** Writes a decision under its time and into the index by object; answers its key. */
export function record(tables: Tables, row: NewRecord): string {
  const key = recordKey(row.decidedAt, row.id)
  write(tables, key, row, row.decidedAt)
  tables.table('by-object').put(byObjectKey(row.object, key), Buffer.alloc(0))
  return key
}

/** Changes a decision's record, if it has not been forgotten. */
export function amend(tables: Tables, key: string, now: number, change: Partial<NewRecord>): void {
  const bytes = tables.table('deliveries').get(key)
  if (bytes) write(tables, key, { ...deliveryRow.decode(bytes), ...change }, now)
}

/** Deletes a decision's record with its index entry. */
export function erase(tables: Tables, key: string): void {
  const bytes = tables.table('deliveries').get(key)
  if (!bytes) return
  tables.table('by-object').delete(byObjectKey(deliveryRow.decode(bytes).object, key))
  tables.table('deliveries').delete(key)
}

/** Gives a delivery up for now: kept with its message, to be redriven or dropped. */
export function bury(tables: Tables, dead: DeadRow): void {
  const { id } = dead.row
  tables.table('dead').put(id, deadRow.encode(dead))
  tables.table('dead').arm(id, dead.forgetAt)
}

function write(tables: Tables, key: string, row: NewRecord, now: number): void {
  const forgetAt = settled(row) ? now + RETENTION_MS : null
  tables.table('deliveries').put(key, deliveryRow.encode({ ...row, forgetAt }))
  tables.table('deliveries').arm(key, forgetAt)
}
