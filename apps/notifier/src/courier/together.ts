import { LIMITS } from '@quorate/contracts'
import { createHash } from 'node:crypto'
import type { GroupMessage, Message } from '../outbox/message'
import type { OutboxRow } from '../rows/rows'

/** Deliveries of one group that lie in several partitions of this instance: one attempt for all of them. */
export interface Together {
  readonly id: string
  readonly message: Message
  /** The rows, each with the id that they were sent under, if they are more than one. */
  readonly rows: readonly OutboxRow[]
}

/**
 * The same id for the same set of deliveries, on every attempt. Where the set changes because a partition went to
 * another instance, the id does too: what is sent may then be sent twice, but never taken for what it is not.
 */
export function together(rows: readonly OutboxRow[]): Together {
  const [first] = rows as readonly [OutboxRow]
  if (rows.length === 1 && first.together === undefined) return { id: first.id, message: first.message, rows }
  const ids = rows.map(({ id }) => id).sort()
  const hash = createHash('sha256').update(JSON.stringify(ids)).digest('base64url').slice(0, 32)
  const id = `msg_${hash}`
  return { id, message: merged(rows), rows: rows.map((row) => ({ ...row, together: id })) }
}

/** Whether the first delivery of another lane can go in one attempt with one that may go. */
export const canGoTogether = (a: OutboxRow, b: OutboxRow): boolean =>
  a.message.kind === 'group' &&
  b.message.kind === 'group' &&
  a.message.object === b.message.object &&
  b.after === undefined &&
  a.attempts === b.attempts &&
  a.together === b.together

function merged(rows: readonly OutboxRow[]): GroupMessage {
  const messages = rows.map(({ message }) => message as GroupMessage).sort((a, b) => (a.event < b.event ? -1 : 1))
  const [first] = messages as [GroupMessage]
  const changes = messages.flatMap((message) => message.changes).sort((a, b) => a.time - b.time)
  return {
    ...first,
    time: Math.max(...messages.map(({ time }) => time)),
    changes: changes.slice(0, LIMITS.groupChanges),
    total: messages.reduce((sum, { total }) => sum + total, 0),
  }
}
