import { isOpen, type Reason, type Route, type Router, type Told } from '../pipeline'
import { drop, note } from './considering'
import type { Desk, Draft, Way } from './plan-context'
import { closeAt, retiredOf } from './removal'

/**
 * Whom the newest change of an object concerns: the receivers of the routes that take it, those that were told an earlier state, and those
 * for which something waits. What waited on a route that is no more ends for the given reason; what is open at a receiver that is no more
 * is given up, with a decision.
 */
export function concerned(desk: Desk, draft: Draft, reason: Reason): Way[] {
  const { router, receivers } = desk.directions
  const routed = router.match(draft.news)
  const ways: Way[] = routed.map((route) => ({ route, routed: true }))
  const reached = new Set(routed.map(({ receiver }) => receiver))
  for (const id of Object.keys(draft.held)) {
    const route = router.route(id)
    if (!route) drop(desk, draft, id, reason)
    else if (!routed.includes(route)) {
      ways.push({ route, routed: false })
      reached.add(route.receiver)
    }
  }
  for (const [name, told] of Object.entries(draft.told)) {
    if (!receivers.has(name)) giveUp(desk, draft, name, told)
    else if (!reached.has(name)) ways.push({ route: wayBack(router, name, told), routed: false })
  }
  return ways
}

/** The route that told a receiver something, or where that is gone another way to it. */
export function wayBack(router: Router, receiver: string, told: Told): Route {
  const route = router.route(told.route)
  return route?.receiver === receiver ? route : router.wayTo(receiver)
}

/** The receiver is no longer configured: what is open there is closed at its endpoints, or a decision says that it cannot be. */
export function giveUp(desk: Desk, draft: Draft, name: string, told: Told): void {
  const route = { ...desk.directions.router.wayTo(name), id: told.route }
  const endpoints = isOpen(told, route) ? retiredOf(desk, name) : []
  if (endpoints.length > 0) closeAt(desk, draft, route, told, endpoints)
  else if (isOpen(told, route))
    note(desk, draft, route, { verdict: 'suppress', reason: 'receiver-removed' }, { path: null })
  delete draft.told[name]
}
