import type { TaskContext } from '@quorate/streams'
import { freeKey } from '../outbox/delivery-keys'
import { amend } from '../decisions/ledger'
import type { ChangeMessage } from '../outbox/message'
import { outboxRow } from '../rows/packed-rows'
import type { PlannedDelivery } from '../rows/rows'
import { type DeadRow, deadRow, objectRow, type OutboxRow } from '../rows/rows'
import type { Tables } from '../rows/tables'
import { unmarkGone } from './gone'
import { takeNumbers } from './settle'

/** What came of a redrive: it is planned, or the receiver has been told something later, and the dead letter ends. */
export type Redriven = { readonly planned: PlannedDelivery } | 'superseded'

/**
 * A dead letter goes to the end of its lane, under its own id; its endpoint gets another chance. What is no longer so
 * is not told: it becomes `superseded`. undefined: there is none of this id.
 */
export function redrive(tables: Tables & Pick<TaskContext, 'forward'>, id: string, now: number): Redriven | undefined {
  const bytes = tables.table('dead').get(id)
  if (!bytes) return undefined
  const { row: dead } = deadRow.decode(bytes)
  tables.table('dead').delete(id)
  if (isOvertaken(tables, dead)) {
    amend(tables, dead.record, now, { status: 'suppressed', reason: 'superseded', nextAttemptAt: null })
    return 'superseded'
  }
  const { object } = dead.message
  // Behind what lies in the lane. A group has no row that numbers its deliveries.
  const key = freeKey(tables, dead.endpoint, object, takeNumbers(tables, object, 1, now))
  const { throttledUntil: _, together: __, ...rest } = dead
  const row: OutboxRow = { ...rest, attempts: 0, firstAttemptAt: null, nextAttemptAt: now }
  tables.table('outbox').put(key, outboxRow.encode(row))
  amend(tables, row.record, now, { status: 'pending', reason: null, nextAttemptAt: now })
  unmarkGone(tables, row.endpoint)
  return { planned: { key, row } }
}

/** A dead letter is given up for good. False: there is none of this id. */
export function dropDead(tables: Tables, id: string, now: number): boolean {
  const bytes = tables.table('dead').get(id)
  if (!bytes) return false
  tables.table('dead').delete(id)
  amend(tables, deadRow.decode(bytes).row.record, now, { status: 'dropped' })
  return true
}

/** Whether the receiver has been told something later of all that the message tells. */
function isOvertaken(tables: Tables, { receiver, message }: DeadRow['row']): boolean {
  if (message.kind === 'notice') return false
  const changes = message.kind === 'group' ? message.changes : [message]
  return changes.every((change) => isChangeOvertaken(tables, receiver, change))
}

function isChangeOvertaken(tables: Tables, receiver: string, { object, event, state }: ChangeMessage): boolean {
  const bytes = tables.table('objects').get(object)
  // Gone so long that it has been forgotten.
  if (!bytes) return true
  const { told, current } = objectRow.decode(bytes)
  const last = told[receiver]
  if (last) return last.event !== eventOf(event)
  return current !== undefined && current.state !== state
}

/** The change that a repeat tells again, or that is told again where a receiver came back. */
const eventOf = (event: string): string => event.replace(/(\/back-\d+)?(\/repeat-\d+)?$/, '')
