import type { Outcome } from '../channels/channel'
import { DEAD_RETENTION_MS } from '../rows/due'
import { amend, deadLetter } from '../decisions/ledger'
import type { NoticeMessage } from '../outbox/message'
import { planDeliveries } from '../outbox/plan'
import type { PlannedDelivery } from '../rows/rows'
import { pageOf, type RecordRef } from '../decisions/record-ref'
import { outboxRow } from '../rows/packed-rows'
import { type AttemptRecord, objectRow, type OutboxRow } from '../rows/rows'
import type { Tables } from '../rows/tables'
import { append } from '../decisions/decision-index'
import { markGone } from './gone'
import { writeActiveAlert } from './active-alerts'
import type { Receiver } from '../pipeline'
import type { TaskContext } from '@quorate/streams'

export interface Settlement {
  /** Key in the outbox. */
  readonly key: string
  readonly row: OutboxRow
  readonly outcome: Outcome
  /** False: nothing was sent (the endpoint refuses everything). */
  readonly attempted: boolean
  /** Its sender says things again: what stands is kept. */
  readonly stands?: boolean
  readonly at: number
  /** ms; of a `retry`. */
  readonly nextAttemptAt: number
  readonly fingerprint: string
  /** Told that the endpoint fails or has given up, and why. */
  readonly fallback: Receiver | undefined
  readonly report?: string | undefined
}

/** Besides its tables: what it says to every instance. */
type Work = Tables & Pick<TaskContext, 'forward'>

/**
 * Writes what came of an attempt; answers the deliveries that it planned. Runs inside a commit of the delivery's task.
 */
export function settle(tables: Work, settlement: Settlement): PlannedDelivery[] {
  const { key, row, outcome, at, attempted } = settlement
  if (!tables.table('outbox').get(key)) return []
  const attempts = row.attempts + (attempted ? 1 : 0)
  const tried = attempted ? { attempts, lastAttempt: attemptOf(outcome, at) } : { attempts }
  if (outcome.kind === 'retry') {
    const { nextAttemptAt } = settlement
    tables.table('outbox').put(key, outboxRow.encode(retried(row, outcome, attempts, at, nextAttemptAt)))
    amend(tables, row.record, at, { ...tried, nextAttemptAt, reason: outcome.reason })
    return reported(tables, settlement)
  }
  tables.table('outbox').delete(key)
  writeActiveAlert(tables, settlement)
  if (outcome.kind === 'delivered') {
    amend(tables, row.record, at, { ...tried, status: 'delivered', nextAttemptAt: null, reason: null })
    return []
  }
  const { reason } = outcome
  amend(tables, row.record, at, { ...tried, status: 'dead', nextAttemptAt: null, reason })
  deadLetter(tables, {
    row: { ...row, attempts, ...doneIn(outcome) },
    diedAt: at,
    reason,
    forgetAt: at + DEAD_RETENTION_MS,
  })
  if (outcome.kind === 'gone') {
    const mark = { disabledAt: at, reason, fingerprint: settlement.fingerprint }
    markGone(tables, row.endpoint, mark)
  }
  return reported(tables, settlement)
}

const reported = (tables: Work, settlement: Settlement): PlannedDelivery[] =>
  settlement.fallback && settlement.report !== undefined
    ? notice(tables, settlement, settlement.fallback, settlement.report)
    : []

function retried(
  row: OutboxRow,
  outcome: Extract<Outcome, { kind: 'retry' }>,
  attempts: number,
  at: number,
  nextAttemptAt: number,
): OutboxRow {
  const { throttledUntil: _, ...rest } = row
  const throttle = outcome.throttle ? { throttledUntil: nextAttemptAt } : {}
  return { ...rest, attempts, firstAttemptAt: row.firstAttemptAt ?? at, nextAttemptAt, ...throttle, ...doneIn(outcome) }
}

const doneIn = ({ done }: Outcome): { done?: readonly string[] } => (done ? { done } : {})

function attemptOf(outcome: Outcome, at: number): AttemptRecord {
  const { status, excerpt, note } = outcome
  return {
    at,
    outcome: outcome.kind === 'delivered' ? 'delivered' : outcome.reason,
    ...(status === undefined ? {} : { status }),
    ...(excerpt === undefined ? {} : { excerpt }),
    ...(note === undefined ? {} : { note }),
  }
}

/** An endpoint that gives up is reported through another receiver. */
function notice(tables: Tables, { row, at }: Settlement, fallback: Receiver, reason: string): PlannedDelivery[] {
  if (row.message.kind === 'notice') return []
  const { object } = row.message
  const message: NoticeMessage = {
    kind: 'notice',
    event: `${row.id}/${reason}`,
    time: at,
    endpoint: row.endpoint,
    reason,
    delivery: row.id,
    object,
  }
  const number = takeNumbers(tables, object, fallback.endpoints.length, at)
  const planned = planDeliveries(tables, { receiver: fallback, route: null, message, now: at, number })
  for (const { row: one } of planned) follow(tables, object, one.record, at)
  return planned
}

/** The object's row names the pages with its decisions. */
function follow(tables: Tables, object: string, record: RecordRef, now: number): void {
  const bytes = tables.table('objects').get(object)
  if (!bytes) return
  const row = objectRow.decode(bytes)
  const trail = append(tables, object, row.trail ?? [], pageOf(record), now)
  tables.table('objects').put(object, objectRow.encode({ ...row, trail }))
}

/**
 * Takes numbers for deliveries about an object; what is no object (a group) has none that count, and the time orders
 * its deliveries.
 */
export function takeNumbers(tables: Tables, object: string, count: number, now: number): number {
  const bytes = tables.table('objects').get(object)
  if (!bytes) return now
  const row = objectRow.decode(bytes)
  tables.table('objects').put(object, objectRow.encode({ ...row, planned: row.planned + count }))
  return row.planned
}
