import { fingerprint } from '@quorate/contracts'
import type { TaskContext } from '@quorate/streams'
import type { PlanContext, ObjectPlan } from './plan-context'
import { type InForce, inForceIn, putInForce } from './in-force'
import { cacheOf } from '../task-cache'
import { planOf, putObject, rowOf } from './object-plan'
import { closeAt } from './removal'
import { holdingRoute, reroute, notifyMissed } from './rerouting'
import { type ObjectRow, objectRow } from '../rows/rows'
import { endpointOfKey } from '../rows/keys'
import { type Directions, isOpen, type News, type LastNotified } from '../pipeline'

/** Objects of one commit. */
const SLICE = 256

/**
 * Holds every object that is bad, waits or is open somewhere against routes and receivers that have changed: what is
 * held goes the ways that are in force now; who is told of it now and has not heard of it is told; repeats follow the
 * route in force; what is open at a receiver or an endpoint that is no more ends with a decision. False: there is more
 * to do.
 */
export function realign(context: TaskContext, planning: PlanContext): boolean {
  const before = inForceIn(context)
  const now = inForceOf(planning.directions)
  if (before?.version === now.version) return true
  const cache = cacheOf(context)
  if (cache.realigning?.version !== now.version) cache.realigning = { version: now.version, after: undefined }
  const removed = removedEndpoints(before, now)
  const { after } = cache.realigning
  let last: string | undefined
  let taken = 0
  for (const { key, value } of context
    .table('objects')
    .range({ ...(after === undefined ? {} : { after }), limit: SLICE })) {
    const row = objectRow.decode(value)
    if (row.news) realignObject(context, planning, row, row.news, removed)
    last = key
    taken++
  }
  if (taken === SLICE) {
    cache.realigning = { version: now.version, after: last }
    return false
  }
  forgetActiveAlerts(context, now, planning.directions)
  putInForce(context, now)
  delete cache.realigning
  return true
}

function inForceOf({ receivers, router }: Directions): InForce {
  const endpoints = Object.fromEntries([...receivers].map(([name, one]) => [name, one.endpoints.map((it) => it.name)]))
  return { version: fingerprint([endpoints, router.content]), endpoints }
}

/** By receiver: endpoints that it had and has no more. Those of receivers that are gone altogether go with them. */
function removedEndpoints(before: InForce | undefined, now: InForce): ReadonlyMap<string, readonly string[]> {
  const removed = new Map<string, readonly string[]>()
  for (const [receiver, names] of Object.entries(before?.endpoints ?? {})) {
    const gone = names.filter((name) => now.endpoints[receiver] && !now.endpoints[receiver].includes(name))
    if (gone.length > 0) removed.set(receiver, gone)
  }
  return removed
}

function realignObject(
  context: TaskContext,
  planning: PlanContext,
  row: ObjectRow,
  news: News,
  removed: ReadonlyMap<string, readonly string[]>,
): void {
  const plan = planOf(row, news)
  for (const [name, last] of Object.entries(plan.lastNotified))
    endAtEndpoints(planning, plan, name, last, removed.get(name) ?? [])
  rerouteHeld(planning, plan)
  notifyMissed(planning, plan)
  for (const [name, last] of Object.entries(plan.lastNotified))
    plan.lastNotified[name] = withRepeat(planning, plan, name, last)
  const { incarnation, revision, current, goneAt } = row
  const mark = { incarnation, revision, ...(current ? { current } : {}), ...(goneAt === undefined ? {} : { goneAt }) }
  const next = rowOf(mark, plan)
  if (!objectRow.encode(next).equals(objectRow.encode(row))) putObject(context, news, row, next)
}

/** What is open at an endpoint that its receiver has no more is closed there, or a decision says that it cannot be. */
function endAtEndpoints(
  planning: PlanContext,
  plan: ObjectPlan,
  receiver: string,
  last: LastNotified,
  endpoints: readonly string[],
): void {
  const route = planning.directions.router.wayTo(receiver)
  if (isOpen(last, route)) closeAt(planning, plan, route, last, endpoints)
}

function rerouteHeld(planning: PlanContext, plan: ObjectPlan): void {
  const { router } = planning.directions
  for (const [id, held] of Object.entries(plan.held)) {
    // Another one that went a new way may have ended it.
    if (plan.held[id] !== held) continue
    const route = holdingRoute(router, id, held)
    const taken = route && (router.match(plan.news).includes(route) || isOpen(plan.lastNotified[route.receiver], route))
    if (!taken) reroute(planning, plan, id)
    // How long an unknown must last may have changed; of a group the message in preparation goes when it was to.
    else if (held.reason === 'lasting') plan.held[id] = { ...held, until: planning.now }
  }
}

/** When it is told again by the route in force. */
function withRepeat(planning: PlanContext, plan: ObjectPlan, receiver: string, last: LastNotified): LastNotified {
  const { repeatAt: _, ...rest } = last
  // Looked at again when what mutes it ends; of rows of earlier versions it is not known when they told last.
  if (last.mutedBy !== undefined || last.open === undefined) return last
  const route = planning.directions.router.match(plan.news).find((one) => one.receiver === receiver)
  if (!route || route.repeatInterval === 0 || !isOpen(last, route) || last.state !== plan.news.state) return rest
  return { ...rest, route: route.id, repeatAt: last.at + route.repeatInterval * 1000 }
}

/** Nothing is said again at an endpoint that is no more, nor when one of its name comes back. */
function forgetActiveAlerts(context: TaskContext, { endpoints }: InForce, { retired }: Directions): void {
  // What is open at one that is taken away stands until it is closed there.
  const names = new Set([...Object.values(endpoints).flat(), ...retired.keys()])
  const table = context.table('standing')
  for (const { key } of [...table.range()]) if (!names.has(endpointOfKey(key))) table.delete(key)
}
