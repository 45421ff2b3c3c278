import {
  flapPhase,
  groupLabels,
  isCalm,
  isOpen,
  isWide,
  type News,
  type Route,
  sinceOf,
  type LastNotified,
} from '../pipeline'
import { addDeliveries, deliveriesBefore } from './deliveries'
import { indexDecision } from './object-plan'
import type { ObjectPlan, PlanContext } from './plan-context'
import { laneObject } from '../outbox/group-batches'
import { groupBatchesOf } from '../task-cache'
import { record } from '../decisions/ledger'
import { type ChangeMessage, changeMessage } from '../outbox/message'

/** Plans the message of the newest change to a receiver, which is what it was notified of last from then on. */
export function dispatch(context: PlanContext, plan: ObjectPlan, route: Route, routed: boolean): void {
  const { news, lastNotified } = plan
  const before = lastNotified[route.receiver]
  const phase = flapPhase(news, before)
  const open = news.state !== null && (phase === 'began' || !isCalm(news.state, route))
  const message = messageOf(context, plan, route.receiver)
  planMessage(context, plan, route, !open && isOpen(before, route) ? { ...message, closes: 'ended' } : message)
  // What no route takes to the receiver is remembered only until it is closed.
  if (news.state === null || (!routed && !open)) delete lastNotified[route.receiver]
  else lastNotified[route.receiver] = lastNotifiedBy(context, news, route, { routed, open, began: phase === 'began' })
}

/** Plans the message that a receiver was sent last once more. */
export function dispatchRepeat(context: PlanContext, plan: ObjectPlan, route: Route, last: LastNotified): void {
  const repeats = (last.repeats ?? 0) + 1
  const message = messageOf(context, plan, route.receiver)
  // An id of its own: under the first one's the receiver would take it for a duplicate.
  planMessage(context, plan, route, { ...message, event: `${message.event}/repeat-${repeats}`, repeat: repeats })
  const { mutedBy: _, lane: __, ...rest } = last
  const lane = laneOfRoute(route, plan.news)
  const repeatAt = context.now + route.repeatInterval * 1000
  plan.lastNotified[route.receiver] = {
    ...rest,
    ...(lane === undefined ? {} : { lane }),
    route: route.id,
    at: context.now,
    repeats,
    repeatAt,
  }
}

function messageOf(context: PlanContext, { news, lastNotified, closed }: ObjectPlan, receiver: string): ChangeMessage {
  const last = lastNotified[receiver]
  // Under the id that it had before the receiver was taken away it would be taken for a duplicate.
  const again = closed[receiver]?.event === news.event ? `/back-${closed[receiver].times}` : ''
  const phase = flapPhase(news, last)
  const { inhibitions } = context.directions
  const muting = inhibitions
    .ofParent(news.object)
    .some(({ inhibition: { states } }) => news.state !== null && states.includes(news.state))
  const dependants = muting ? context.dependants(news.object) : undefined
  return {
    ...changeMessage(news, last, sinceOf(news)),
    event: `${news.event}${again}`,
    ...(phase ? { flapping: { phase, changes: last?.flapping ?? 0 } } : {}),
    ...(dependants ? { dependants } : {}),
  }
}

interface Notification {
  readonly routed: boolean
  readonly open: boolean
  /** It says that the object flaps. */
  readonly began: boolean
}

function lastNotifiedBy(
  context: PlanContext,
  news: News,
  route: Route,
  { routed, open, began }: Notification,
): LastNotified {
  const repeats = routed && open && route.repeatInterval > 0
  const lane = laneOfRoute(route, news)
  return {
    state: news.state!,
    since: sinceOf(news),
    event: news.event,
    at: context.now,
    route: route.id,
    ...(lane === undefined ? {} : { lane }),
    open,
    ...(began ? { flapping: 0 } : {}),
    ...(repeats ? { repeatAt: context.now + route.repeatInterval * 1000 } : {}),
  }
}

function planMessage(context: PlanContext, plan: ObjectPlan, route: Route, message: ChangeMessage): void {
  const whole = context.directions.receivers.get(route.receiver)!
  const gathering = isWide(route) ? whole.endpoints.filter(({ channel }) => context.gathers(channel)) : []
  for (const endpoint of gathering) {
    const after = deliveriesBefore(context, plan, route.receiver, endpoint, laneOfRoute(route, plan.news))
    const labels = groupLabels(route, plan.news)
    const one = { receiver: whole, endpoint, route, change: message, now: context.now, after, labels }
    const added = groupBatchesOf(context.tables).add(context.tables, one, record)
    if (added.closed) context.planned.push(added.closed)
    indexDecision(context, plan, added.record)
  }
  const receiver =
    gathering.length === 0
      ? whole
      : { ...whole, endpoints: whole.endpoints.filter((endpoint) => !gathering.includes(endpoint)) }
  addDeliveries(context, plan, receiver, route, message)
}

/** The lane of a message to an endpoint that gathers; undefined: the object's own. */
const laneOfRoute = (route: Route, news: News): string | undefined =>
  isWide(route) ? laneObject(route.path, groupLabels(route, news)) : undefined
