import { MUTES, type News, type Told } from '../pipeline'
import { concerned } from './concerned'
import { consider, drop, judgeNow, note } from './considering'
import type { Desk, Draft } from './plan-context'
import { dispatchAgain } from './dispatch'
import { holdingRoute, reroute } from './rerouting'

/** A change came: asks for every receiver that it may concern, on every route that takes it or holds or told an earlier one. */
export function tell(desk: Desk, draft: Draft, previous: News | undefined): void {
  const { news } = draft
  const unchanged =
    previous !== undefined &&
    news.type === 'object.updated' &&
    news.state === previous.state &&
    news.view?.flapping === previous.view?.flapping
  for (const { route, routed } of concerned(desk, draft, 'superseded')) {
    const waiting = draft.held[route.id]
    if (waiting && unchanged) {
      note(desk, draft, route, { verdict: 'suppress', reason: 'no-change' })
      continue
    }
    if (waiting) drop(desk, draft, route.id, 'superseded')
    consider(desk, draft, { route, routed })
  }
  // What waits goes on waiting with the change that it waits with; what else came in between changes no state.
  if (unchanged && Object.keys(draft.held).length > 0) draft.news = previous
}

/** The time of a held change has come: judges it again from the first stage, on the route that is in force by then. */
export function tellHeld(desk: Desk, draft: Draft): void {
  for (const [id, held] of Object.entries(draft.held)) {
    if (held.until > desk.now) continue
    const route = holdingRoute(desk.directions.router, id, held)
    if (!route) reroute(desk, draft, id)
    else
      consider(desk, draft, { route, routed: desk.directions.router.match(draft.news).includes(route), waited: held })
  }
}

/** What lasts is told again where the route in force says so, unless something holds it back or a change of it waits already. */
export function tellAgain(desk: Desk, draft: Draft): void {
  for (const [name, told] of Object.entries(draft.told)) {
    if (told.repeatAt !== undefined && told.repeatAt <= desk.now) tellOneAgain(desk, draft, name, told)
  }
}

function tellOneAgain(desk: Desk, draft: Draft, name: string, told: Told): void {
  const { router } = desk.directions
  const { repeatAt: _, mutedBy, ...rest } = told
  const route = router.match(draft.news).find(({ receiver }) => receiver === name)
  if (!route || route.repeatInterval === 0) {
    draft.told[name] = rest
    return
  }
  const later = desk.now + route.repeatInterval * 1000
  const waits = Object.keys(draft.held).some((id) => router.route(id)?.receiver === name)
  if (waits || draft.news.state !== told.state) {
    draft.told[name] = { ...rest, repeatAt: later }
    return
  }
  const verdict = judgeNow(desk, draft, { route, routed: true }, MUTES)
  if (verdict.verdict === 'pass') {
    dispatchAgain(desk, draft, route, told)
    desk.count('sent', 'sent')
    return
  }
  const by = verdict.verdict === 'hold' ? verdict.by : undefined
  if (by !== undefined && by !== mutedBy) note(desk, draft, route, { verdict: 'suppress', reason: verdict.reason }, { by, repeat: (told.repeats ?? 0) + 1 }) // prettier-ignore
  draft.told[name] = {
    ...rest,
    repeatAt: verdict.verdict === 'hold' ? verdict.until : later,
    ...(by === undefined ? {} : { mutedBy: by }),
  }
}
