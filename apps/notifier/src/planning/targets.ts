import type { Directions, LastNotified, Route, Router } from '../pipeline'
import type { ObjectPlan, Target } from './plan-context'

/**
 * Receivers that the newest change of an object may concern: those of the routes that take it, those for which a change
 * waits, and those that were notified of an earlier state. Reads only: routes and receivers that are gone have been
 * dealt with (`endRemoved`).
 */
export function targetsOf({ router, receivers }: Directions, { news, held, lastNotified }: ObjectPlan): Target[] {
  const routed = router.match(news)
  const targets: Target[] = routed.map((route) => ({ route, routed: true }))
  const reached = new Set(routed.map(({ receiver }) => receiver))
  for (const id in held) {
    const route = router.route(id)
    if (!route || routed.includes(route)) continue
    targets.push({ route, routed: false })
    reached.add(route.receiver)
  }
  for (const name in lastNotified)
    if (receivers.has(name) && !reached.has(name))
      targets.push({ route: routeTo(router, name, lastNotified[name]!), routed: false })
  return targets
}

/** The route that led to a receiver last; where that is gone, another one. */
function routeTo(router: Router, receiver: string, last: LastNotified): Route {
  const route = router.route(last.route)
  return route?.receiver === receiver ? route : router.wayTo(receiver)
}
