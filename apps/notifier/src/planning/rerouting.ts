import { flapPhase, type Route, type Router } from '../pipeline'
import { concerned } from './concerned'
import { consider, drop, judgeNow } from './considering'
import type { Desk, Draft } from './plan-context'
import type { Held } from '../rows/rows'

/** The route that holds a change, if it still is and tells the same receiver. */
export function holdingRoute(router: Router, id: string, { receiver }: Held): Route | undefined {
  const route = router.route(id)
  return route && (receiver ?? route.receiver) === route.receiver ? route : undefined
}

/** What is held on a route that does not take it any more goes the ways that are in force now, or a decision says that there is none. */
export function reroute(desk: Desk, draft: Draft, id: string): void {
  const { arrivedAt } = draft.held[id]!
  const taken = desk.directions.router.match(draft.news).length > 0
  drop(desk, draft, id, taken ? 'rerouted' : 'not-routed')
  tellUntold(desk, draft, arrivedAt)
}

/** Tells the newest change, as if it had just come, to whom it concerns by the routes in force and who has not heard of it. */
export function tellUntold(desk: Desk, draft: Draft, arrivedAt = desk.now): void {
  const { news } = draft
  for (const way of concerned(desk, draft, 'rerouted')) {
    const told = draft.told[way.route.receiver]
    if (draft.held[way.route.id] || (told?.state === news.state && !flapPhase(news, told))) continue
    // Why it was not told before has been said before.
    if (judgeNow(desk, draft, { ...way, arrivedAt }).verdict === 'suppress') continue
    consider(desk, draft, { ...way, arrivedAt })
  }
}
