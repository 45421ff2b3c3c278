import {
  flapPhase,
  groupKey,
  groupLabels,
  isCalm,
  isWide,
  type News,
  type Route,
  sinceOf,
  type Told,
} from '../pipeline'
import type { Desk, Draft } from './desk'
import { gatheringsOf } from './kept'
import { record } from './ledger'
import { type ChangeMessage, changeMessage } from './message'
import { plan } from './plan'
import { pageOf, type RecordRef } from './record-ref'
import { longer } from './trail'

/** Plans what a receiver is told now, and notes that it is what it was last told. */
export function dispatch(desk: Desk, draft: Draft, route: Route, routed: boolean): void {
  const { news, told } = draft
  const phase = flapPhase(news, told[route.receiver])
  planMessage(desk, draft, route, messageOf(desk, news, told[route.receiver]))
  const open = news.state !== null && (phase === 'began' || !isCalm(news.state, route))
  // What no route takes to the receiver is remembered until it is closed: it is told there for that alone.
  if (news.state === null || (!routed && !open)) delete told[route.receiver]
  else told[route.receiver] = toldNow(desk, news, route, { routed, open, began: phase === 'began' })
}

/** Tells a receiver again what it was last told, if that is still so. */
export function dispatchAgain(desk: Desk, draft: Draft, route: Route, told: Told): void {
  const repeats = (told.repeats ?? 0) + 1
  const message = messageOf(desk, draft.news, told)
  // An id of its own: with the first one's the receiver would take it for the same message.
  planMessage(desk, draft, route, { ...message, event: `${message.event}/repeat-${repeats}`, repeat: repeats })
  const { mutedBy: _, ...rest } = told
  const repeatAt = desk.now + route.repeatInterval * 1000
  draft.told[route.receiver] = { ...rest, route: route.id, at: desk.now, repeats, repeatAt }
}

function messageOf(desk: Desk, news: News, told: Told | undefined): ChangeMessage {
  const phase = flapPhase(news, told)
  const { inhibitions } = desk.directions
  const muting = inhibitions
    .ofParent(news.object)
    .some(({ inhibition: { states } }) => news.state !== null && states.includes(news.state))
  const dependants = muting ? desk.dependants(news.object) : undefined
  return {
    ...changeMessage(news, told, sinceOf(news)),
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
  return {
    state: news.state!,
    since: sinceOf(news),
    event: news.event,
    at: desk.now,
    route: route.id,
    open,
    ...(began ? { flapping: 0 } : {}),
    ...(repeats ? { repeatAt: desk.now + route.repeatInterval * 1000 } : {}),
  }
}

function planMessage(desk: Desk, draft: Draft, route: Route, message: ChangeMessage): void {
  const whole = desk.directions.receivers.get(route.receiver)!
  const gathering = isWide(route) ? whole.endpoints.filter(({ channel }) => desk.gathers(channel)) : []
  const group = { group: groupKey(route, draft.news), labels: groupLabels(route, draft.news) }
  for (const endpoint of gathering) {
    const one = { receiver: whole, endpoint, route, change: message, now: desk.now, ...group }
    follow(desk, draft, gatheringsOf(desk.tables).add(desk.tables, one, record))
  }
  const receiver = { ...whole, endpoints: whole.endpoints.filter((endpoint) => !gathering.includes(endpoint)) }
  const planned = plan(desk.tables, { receiver, route, message, now: desk.now, number: draft.number })
  draft.number += planned.length
  desk.planned.push(...planned)
  for (const { row } of planned) follow(desk, draft, row.record)
}

/** The object's row names the pages with its decisions. */
export function follow(desk: Desk, draft: Draft, ref: RecordRef): void {
  draft.trail = longer(desk.tables, draft.news.object, draft.trail, pageOf(ref), desk.now)
}
