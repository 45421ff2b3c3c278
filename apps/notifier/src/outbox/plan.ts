import type { EndpointSettings, Receiver, Route } from '../pipeline'
import { deliveryId } from './delivery-keys'
import { outboxKey } from '../rows/keys'
import { record } from '../decisions/ledger'
import type { Message } from './message'
import type { PlannedDelivery } from '../rows/rows'
import { outboxRow } from '../rows/packed-rows'
import type { OutboxRow } from '../rows/rows'
import type { Tables } from '../rows/tables'

export interface DeliveryRequest {
  readonly receiver: Receiver
  readonly route: Route | null
  readonly message: Message
  readonly now: number
  /** Number of the next delivery about this object. */
  readonly number: number
  /** Deliveries that it goes behind at an endpoint; keys in the outbox. */
  readonly after?: (endpoint: EndpointSettings) => readonly string[]
}

/**
 * Plans one delivery to each endpoint of a receiver; answers them, so that the courier can be told after the commit.
 */
export function planDeliveries(tables: Tables, plan: DeliveryRequest): PlannedDelivery[] {
  return plan.receiver.endpoints.map((endpoint, i) => planDelivery(tables, plan, endpoint, plan.number + i))
}

function planDelivery(
  tables: Tables,
  { receiver, route, message, now, after }: DeliveryRequest,
  endpoint: EndpointSettings,
  number: number,
): PlannedDelivery {
  const id = deliveryId(message.event, endpoint.name)
  const kept = record(tables, {
    id,
    object: message.object,
    event: message.event,
    time: message.time,
    state: message.kind === 'change' ? message.state : null,
    previous: message.kind === 'change' ? message.previous : null,
    receiver: receiver.name,
    route: route?.path ?? null,
    endpoint: endpoint.name,
    channel: endpoint.channel,
    status: 'pending',
    reason: message.kind === 'notice' ? message.reason : null,
    decidedAt: now,
    attempts: 0,
    nextAttemptAt: now,
    lastAttempt: null,
  })
  const key = outboxKey(endpoint.name, message.object, number)
  const behind = after?.(endpoint) ?? []
  const row: OutboxRow = {
    id,
    endpoint: endpoint.name,
    receiver: receiver.name,
    record: kept,
    message,
    plannedAt: now,
    attempts: 0,
    firstAttemptAt: null,
    nextAttemptAt: now,
    ...(behind.length > 0 ? { after: behind } : {}),
  }
  tables.table('outbox').put(key, outboxRow.encode(row))
  return { key, row }
}
