import type { LastNotified, News } from '../pipeline'
import { applyVerdict } from './applying'
import { dispatchRepeat } from './dispatch'
import { judgeRepeat, judgeTarget } from './judging'
import type { ObjectPlan, PlanContext } from './plan-context'
import { endRemoved } from './removal'
import { holdingRoute, reroute } from './rerouting'
import { targetsOf } from './targets'
import { endHeld, recordUnsent } from './unsent'

/**
 * A change came: judges it for every receiver that it may concern, and applies the verdicts. `previous`: the change
 * that waits.
 */
export function notify(context: PlanContext, plan: ObjectPlan, previous: News | undefined): void {
  const { news, held } = plan
  const unchanged =
    previous !== undefined &&
    news.type === 'object.updated' &&
    news.state === previous.state &&
    news.view?.flapping === previous.view?.flapping
  endRemoved(context, plan, 'superseded')
  for (const target of targetsOf(context.directions, plan)) {
    const { route } = target
    if (held[route.id] && unchanged) {
      recordUnsent(context, plan, route, { verdict: 'suppress', reason: 'no-change' })
      continue
    }
    if (held[route.id]) endHeld(context, plan, route.id, 'superseded')
    applyVerdict(context, plan, target, judgeTarget(context, plan, target))
  }
  // What waits goes on waiting with its own change: the new one changes no state.
  if (unchanged && Object.keys(held).length > 0) plan.news = previous
}

/** The time of a held change has come: judges it again from the first stage, on the route in force by then. */
export function releaseHeld(context: PlanContext, plan: ObjectPlan): void {
  const { router } = context.directions
  for (const [id, held] of Object.entries(plan.held)) {
    if (held.until > context.now) continue
    const route = holdingRoute(router, id, held)
    if (!route) {
      reroute(context, plan, id)
      continue
    }
    const target = { route, routed: router.match(plan.news).includes(route), waited: held }
    applyVerdict(context, plan, target, judgeTarget(context, plan, target))
  }
}

/**
 * Sends what lasts again where the route in force says so, unless something holds it back or a change of it waits
 * already.
 */
export function repeat(context: PlanContext, plan: ObjectPlan): void {
  for (const [receiver, last] of Object.entries(plan.lastNotified))
    if (last.repeatAt !== undefined && last.repeatAt <= context.now) repeatOne(context, plan, receiver, last)
}

function repeatOne(context: PlanContext, plan: ObjectPlan, receiver: string, last: LastNotified): void {
  const { router } = context.directions
  const { repeatAt: _, mutedBy, ...rest } = last
  const route = router.match(plan.news).find((one) => one.receiver === receiver)
  if (!route || route.repeatInterval === 0) {
    plan.lastNotified[receiver] = rest
    return
  }
  const later = context.now + route.repeatInterval * 1000
  const waits = Object.keys(plan.held).some((id) => router.route(id)?.receiver === receiver)
  if (waits || plan.news.state !== last.state) {
    plan.lastNotified[receiver] = { ...rest, repeatAt: later }
    return
  }
  const verdict = judgeRepeat(context, plan, route)
  if (verdict.verdict === 'pass') {
    dispatchRepeat(context, plan, route, last)
    context.count('sent', 'sent')
    return
  }
  const by = verdict.verdict === 'hold' ? verdict.by : undefined
  if (by !== undefined && by !== mutedBy) {
    const details = { by, repeat: (last.repeats ?? 0) + 1 }
    recordUnsent(context, plan, route, { verdict: 'suppress', reason: verdict.reason }, details)
  }
  plan.lastNotified[receiver] = {
    ...rest,
    repeatAt: verdict.verdict === 'hold' ? verdict.until : later,
    ...(by === undefined ? {} : { mutedBy: by }),
  }
}
