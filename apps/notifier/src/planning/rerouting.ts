import { flapPhase, type Route, type Router } from '../pipeline'
import type { Held } from '../rows/rows'
import { applyVerdict } from './applying'
import { judgeTarget } from './judging'
import type { ObjectPlan, PlanContext } from './plan-context'
import { endRemoved } from './removal'
import { targetsOf } from './targets'
import { endHeld } from './unsent'

/** The route that holds a change, if it still exists and leads to the same receiver. */
export function holdingRoute(router: Router, id: string, { receiver }: Held): Route | undefined {
  const route = router.route(id)
  return route && (receiver ?? route.receiver) === route.receiver ? route : undefined
}

/**
 * What is held on a route that no longer takes it follows the routes in force, or a decision says that there is none.
 */
export function reroute(context: PlanContext, plan: ObjectPlan, id: string): void {
  const { arrivedAt } = plan.held[id]!
  const taken = context.directions.router.match(plan.news).length > 0
  endHeld(context, plan, id, taken ? 'rerouted' : 'not-routed')
  notifyMissed(context, plan, arrivedAt)
}

/**
 * Notifies of the newest change, as if it had just come, the receivers of the routes in force that have not heard of
 * it.
 */
export function notifyMissed(context: PlanContext, plan: ObjectPlan, arrivedAt = context.now): void {
  const { news, held, lastNotified } = plan
  endRemoved(context, plan, 'rerouted')
  for (const one of targetsOf(context.directions, plan)) {
    const last = lastNotified[one.route.receiver]
    if (held[one.route.id] || (last?.state === news.state && !flapPhase(news, last))) continue
    const target = { ...one, arrivedAt }
    const judgement = judgeTarget(context, plan, target)
    // Why it was not sent has been recorded when it came.
    if (judgement.verdict.verdict !== 'suppress') applyVerdict(context, plan, target, judgement)
  }
}
