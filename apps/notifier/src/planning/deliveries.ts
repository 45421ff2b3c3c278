import type { EndpointSettings, Receiver, Route } from '../pipeline'
import { record } from '../decisions/ledger'
import type { ChangeMessage } from '../outbox/message'
import { planDeliveries } from '../outbox/plan'
import { laneOf, within } from '../rows/keys'
import { groupBatchesOf } from '../task-cache'
import { indexDecision } from './object-plan'
import type { ObjectPlan, PlanContext } from './plan-context'

/** Plans a message of its own to each endpoint of a receiver, behind what those have not received yet. */
export function addDeliveries(
  context: PlanContext,
  plan: ObjectPlan,
  receiver: Receiver,
  route: Route,
  message: ChangeMessage,
): void {
  const planned = planDeliveries(context.tables, {
    receiver,
    route,
    message,
    now: context.now,
    number: plan.nextNumber,
    after: (endpoint) => deliveriesBefore(context, plan, receiver.name, endpoint, undefined),
  })
  plan.nextNumber += planned.length
  context.planned.push(...planned)
  for (const { row } of planned) indexDecision(context, plan, row.record)
}

/**
 * The last deliveries about the object that an endpoint has not received yet, where they lie in other lanes: a route
 * that has changed may gather what the one before sent alone, or in another group. Lanes do not wait for each other, so
 * a message names what it goes behind.
 */
export function deliveriesBefore(
  context: PlanContext,
  plan: ObjectPlan,
  receiver: string,
  endpoint: EndpointSettings,
  lane: string | undefined,
): string[] {
  if (!context.gathers(endpoint.channel)) return []
  const { object } = plan.news
  const before = plan.lastNotified[receiver]
  const lanes = new Set<string>()
  if (before && before.lane !== lane) lanes.add(before.lane ?? object)
  // What was open when the endpoint was taken away is closed in the object's own lane.
  if (lane !== undefined && plan.closed[receiver]) lanes.add(object)
  const { tables, now } = context
  return [...lanes].flatMap((one) => {
    // What is being filled there is closed, so that it can be waited for.
    const closed =
      one === object ? undefined : groupBatchesOf(tables).closeLane(tables, endpoint.name, one, now, record)
    if (closed) context.planned.push(closed)
    let last: string | undefined
    for (const { key } of tables.table('outbox').range(within(laneOf(endpoint.name, one)))) last = key
    return last === undefined ? [] : [last]
  })
}
