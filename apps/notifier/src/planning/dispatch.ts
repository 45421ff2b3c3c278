import {
  type EndpointSettings,
  flapPhase,
  groupLabels,
  isCalm,
  isOpen,
  isWide,
  type News,
  type Route,
  sinceOf,
  type Told,
} from '../pipeline'
import type { Desk, Draft } from './plan-context'
import { laneObject } from '../outbox/group-batches'
import { gatheringsOf } from '../outbox/kept'
import { laneOf, within } from '../rows/keys'
import { record } from '../decisions/ledger'
import { type ChangeMessage, changeMessage } from '../outbox/message'
import { plan } from '../outbox/plan'
import { pageOf, type RecordRef } from '../decisions/record-ref'
import { longer } from '../decisions/decision-index'

/** Plans what a receiver is told now, and notes that it is what it was last told. */
export function dispatch(desk: Desk, draft: Draft, route: Route, routed: boolean): void {
  const { news, told } = draft
  const before = told[route.receiver]
  const phase = flapPhase(news, before)
  const open = news.state !== null && (phase === 'began' || !isCalm(news.state, route))
  const message = messageOf(desk, draft, route.receiver)
  planMessage(desk, draft, route, !open && isOpen(before, route) ? { ...message, closes: 'ended' } : message)
  // What no route takes to the receiver is remembered until it is closed: it is told there for that alone.
  if (news.state === null || (!routed && !open)) delete told[route.receiver]
  else told[route.receiver] = toldNow(desk, news, route, { routed, open, began: phase === 'began' })
}

/** Tells a receiver again what it was last told, if that is still so. */
export function dispatchAgain(desk: Desk, draft: Draft, route: Route, told: Told): void {
  const repeats = (told.repeats ?? 0) + 1
  const message = messageOf(desk, draft, route.receiver)
  // An id of its own: with the first one's the receiver would take it for the same message.
  planMessage(desk, draft, route, { ...message, event: `${message.event}/repeat-${repeats}`, repeat: repeats })
  const { mutedBy: _, lane: __, ...rest } = told
  const lane = laneOfRoute(route, draft.news)
  const repeatAt = desk.now + route.repeatInterval * 1000
  draft.told[route.receiver] = {
    ...rest,
    ...(lane === undefined ? {} : { lane }),
    route: route.id,
    at: desk.now,
    repeats,
    repeatAt,
  }
}

function messageOf(desk: Desk, { news, told: all, closed }: Draft, receiver: string): ChangeMessage {
  const told = all[receiver]
  // With the id that it was told under before the receiver was taken away it would be taken for the same message.
  const again = closed[receiver]?.event === news.event ? `/back-${closed[receiver].times}` : ''
  const phase = flapPhase(news, told)
  const { inhibitions } = desk.directions
  const muting = inhibitions
    .ofParent(news.object)
    .some(({ inhibition: { states } }) => news.state !== null && states.includes(news.state))
  const dependants = muting ? desk.dependants(news.object) : undefined
  return {
    ...changeMessage(news, told, sinceOf(news)),
    event: `${news.event}${again}`,
    ...(phase ? { flapping: { phase, changes: told?.flapping ?? 0 } } : {}),
    ...(dependants ? { dependants } : {}),
  }
}

interface Telling {
  readonly routed: boolean
  readonly open: boolean
  /** It is told that the object flaps. */
  readonly began: boolean
}

function toldNow(desk: Desk, news: News, route: Route, { routed, open, began }: Telling): Told {
  const repeats = routed && open && route.repeatInterval > 0
  const lane = laneOfRoute(route, news)
  return {
    state: news.state!,
    since: sinceOf(news),
    event: news.event,
    at: desk.now,
    route: route.id,
    ...(lane === undefined ? {} : { lane }),
    open,
    ...(began ? { flapping: 0 } : {}),
    ...(repeats ? { repeatAt: desk.now + route.repeatInterval * 1000 } : {}),
  }
}

function planMessage(desk: Desk, draft: Draft, route: Route, message: ChangeMessage): void {
  const whole = desk.directions.receivers.get(route.receiver)!
  const gathering = isWide(route) ? whole.endpoints.filter(({ channel }) => desk.gathers(channel)) : []
  for (const endpoint of gathering) {
    const after = earlier(desk, draft, route.receiver, endpoint, laneOfRoute(route, draft.news))
    const labels = groupLabels(route, draft.news)
    const one = { receiver: whole, endpoint, route, change: message, now: desk.now, after, labels }
    const added = gatheringsOf(desk.tables).add(desk.tables, one, record)
    if (added.closed) desk.planned.push(added.closed)
    follow(desk, draft, added.record)
  }
  const receiver =
    gathering.length === 0
      ? whole
      : { ...whole, endpoints: whole.endpoints.filter((endpoint) => !gathering.includes(endpoint)) }
  const after = (endpoint: EndpointSettings) => earlier(desk, draft, route.receiver, endpoint, undefined)
  const planned = plan(desk.tables, { receiver, route, message, now: desk.now, number: draft.number, after })
  draft.number += planned.length
  desk.planned.push(...planned)
  for (const { row } of planned) follow(desk, draft, row.record)
}

/** The lane of a message to an endpoint that gathers; undefined: the object's own. */
const laneOfRoute = (route: Route, news: News): string | undefined =>
  isWide(route) ? laneObject(route.path, groupLabels(route, news)) : undefined

/**
 * What an endpoint was told of the object last and has not received, where that lies in another lane: a route that has changed may gather
 * what the one before told alone, or in another group. Lanes do not wait for each other, so the message names what it goes behind.
 */
export function earlier(
  desk: Desk,
  draft: Draft,
  receiver: string,
  endpoint: EndpointSettings,
  lane: string | undefined,
): string[] {
  if (!desk.gathers(endpoint.channel)) return []
  const { object } = draft.news
  const told = draft.told[receiver]
  const before = new Set<string>()
  if (told && told.lane !== lane) before.add(told.lane ?? object)
  // What was open when the endpoint was taken away is closed in the object's own lane.
  if (lane !== undefined && draft.closed[receiver]) before.add(object)
  return [...before].flatMap((one) => {
    const closed = one === object ? undefined : gatheringsOf(desk.tables).closeLane(desk.tables, endpoint.name, one, desk.now, record) // prettier-ignore
    if (closed) desk.planned.push(closed)
    let last: string | undefined
    for (const { key } of desk.tables.table('outbox').range(within(laneOf(endpoint.name, one)))) last = key
    return last === undefined ? [] : [last]
  })
}

/** The object's row names the pages with its decisions. */
export function follow(desk: Desk, draft: Draft, ref: RecordRef): void {
  draft.trail = longer(desk.tables, draft.news.object, draft.trail, pageOf(ref), desk.now)
}
