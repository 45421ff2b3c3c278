import { type Delivery, rfc3339 } from '@quorate/contracts'
import { causeName } from '../pipeline'
import type { DeliveryRow } from '../rows/rows'
import { decisionOf } from './delivery-filter'

export const timeOrNull = (ms: number | null): string | null => (ms === null ? null : rfc3339(ms))

/** A decision as REST shows it. */
export function deliveryToWire(row: DeliveryRow): Delivery {
  const { lastAttempt } = row
  return {
    id: row.id,
    object: row.object,
    event: row.event,
    time: rfc3339(row.time),
    state: row.state,
    previous: row.previous,
    receiver: row.receiver,
    route: row.route,
    endpoint: row.endpoint,
    channel: row.channel,
    decision: decisionOf(row),
    status: row.status,
    reason: row.reason,
    by: row.by ? causeName(row.by) : null,
    within: row.within ?? null,
    decidedAt: rfc3339(row.decidedAt),
    attempts: row.attempts,
    nextAttemptAt: timeOrNull(row.nextAttemptAt),
    lastAttempt: lastAttempt && { ...lastAttempt, at: rfc3339(lastAttempt.at) },
  }
}
