import { LIMITS } from '@quorate/contracts'
import { isOpen, type LastNotified, type Reason, type RetiredEndpoint, type Route } from '../pipeline'
import { addDeliveries } from './deliveries'
import type { ObjectPlan, PlanContext } from './plan-context'
import { endHeld, recordUnsent } from './unsent'
import { inForceIn } from './in-force'
import type { ChangeMessage } from '../outbox/message'

/**
 * Ends what routes and receivers that are gone had of the object: what waited on such a route ends for the given
 * reason, and what is open at such a receiver is closed at its endpoints, or a decision says that it cannot be.
 */
export function endRemoved(context: PlanContext, plan: ObjectPlan, reason: Reason): void {
  const { router, receivers } = context.directions
  const { held, lastNotified } = plan
  for (const id in held) if (!router.route(id)) endHeld(context, plan, id, reason)
  for (const name in lastNotified) {
    if (receivers.has(name)) continue
    endAtReceiver(context, plan, name, lastNotified[name]!)
    delete lastNotified[name]
  }
}

function endAtReceiver(context: PlanContext, plan: ObjectPlan, receiver: string, last: LastNotified): void {
  const route = { ...context.directions.router.wayTo(receiver), id: last.route }
  if (!isOpen(last, route)) return
  const endpoints = retiredEndpointsOf(context, receiver)
  if (endpoints.length > 0) closeAt(context, plan, route, last, endpoints)
  else recordUnsent(context, plan, route, { verdict: 'suppress', reason: 'receiver-removed' }, { path: null })
}

/**
 * Closes what is open at endpoints that are taken away, where they can still be reached; a decision says where they
 * cannot.
 */
export function closeAt(
  context: PlanContext,
  plan: ObjectPlan,
  route: Route,
  last: LastNotified,
  endpoints: readonly string[],
): void {
  const { receiver } = route
  for (const name of endpoints) {
    const retired = context.directions.retired.get(name)
    if (retired && retired.until > context.now) planClosing(context, plan, route, last, retired)
    else recordUnsent(context, plan, route, { verdict: 'suppress', reason: 'endpoint-removed' }, { endpoint: name })
  }
  if (endpoints.length === 0) return
  const before = plan.closed[receiver]
  // The latest is the last of them; of more receivers than can be configured the earliest are forgotten.
  delete plan.closed[receiver]
  plan.closed[receiver] = { event: last.event, times: before?.event === last.event ? before.times + 1 : 1 }
  for (const name of Object.keys(plan.closed).slice(0, -LIMITS.receivers)) delete plan.closed[name]
}

/**
 * The endpoints of a receiver that is taken away, as far as they can still be last. Those that had gone before it have
 * been closed.
 */
export function retiredEndpointsOf({ tables, directions, now }: PlanContext, receiver: string): readonly string[] {
  const last = inForceIn(tables)?.endpoints[receiver] ?? []
  return last.filter((name) => (directions.retired.get(name)?.until ?? 0) > now)
}

function planClosing(
  context: PlanContext,
  plan: ObjectPlan,
  route: Route,
  last: LastNotified,
  endpoint: RetiredEndpoint,
): void {
  const { object } = plan.news
  const message: ChangeMessage = {
    kind: 'change',
    // A new id each time that it is opened and taken away.
    event: `${last.event}/removed-${plan.nextNumber}`,
    type: 'object.changed',
    time: context.now,
    object,
    state: null,
    cause: null,
    view: null,
    previous: last.state,
    lasted: Math.max(0, context.now - last.since),
    closes: 'removed',
  }
  const { name, channel, settings } = endpoint
  const receiver = { name: endpoint.receiver, endpoints: [{ name, channel, settings }] }
  addDeliveries(context, plan, receiver, route, message)
}
