import { fingerprint } from '@quorate/contracts'
import type { TaskContext } from '@quorate/streams'
import type { Desk, Draft } from './plan-context'
import { type InForce, inForceIn, putInForce } from './in-force'
import { keptOf } from '../outbox/kept'
import { draftOf, put, rowOf } from './object-plan'
import { closeAt } from './removal'
import { holdingRoute, reroute, tellUntold } from './rerouting'
import { type ObjectRow, objectRow } from '../rows/rows'
import { endpointOfKey } from '../rows/keys'
import { type Directions, isOpen, type News, type Told } from '../pipeline'

/** Objects of one commit. */
const SLICE = 256

/**
 * Holds every object that is bad, waits or is open somewhere against routes and receivers that have changed: what is held goes the ways that are in
 * force now; who is told of it now and has not heard of it is told; repeats follow the route in force; what is open at a receiver or an
 * endpoint that is no more ends with a decision. False: there is more to do.
 */
export function realign(context: TaskContext, desk: Desk): boolean {
  const before = inForceIn(context)
  const now = inForceOf(desk.directions)
  if (before?.version === now.version) return true
  const kept = keptOf(context)
  if (kept.realigning?.version !== now.version) kept.realigning = { version: now.version, after: undefined }
  const removed = removedEndpoints(before, now)
  const { after } = kept.realigning
  let last: string | undefined
  let taken = 0
  for (const { key, value } of context
    .table('objects')
    .range({ ...(after === undefined ? {} : { after }), limit: SLICE })) {
    const row = objectRow.decode(value)
    if (row.news) realignObject(context, desk, row, row.news, removed)
    last = key
    taken++
  }
  if (taken === SLICE) {
    kept.realigning = { version: now.version, after: last }
    return false
  }
  forgetStanding(context, now, desk.directions)
  putInForce(context, now)
  delete kept.realigning
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
  desk: Desk,
  row: ObjectRow,
  news: News,
  removed: ReadonlyMap<string, readonly string[]>,
): void {
  const draft = draftOf(row, news)
  for (const [name, told] of Object.entries(draft.told))
    endAtEndpoints(desk, draft, name, told, removed.get(name) ?? [])
  rerouteHeld(desk, draft)
  tellUntold(desk, draft)
  for (const [name, told] of Object.entries(draft.told)) draft.told[name] = withRepeat(desk, draft, name, told)
  const { incarnation, revision, current, goneAt } = row
  const mark = { incarnation, revision, ...(current ? { current } : {}), ...(goneAt === undefined ? {} : { goneAt }) }
  const next = rowOf(mark, draft)
  if (!objectRow.encode(next).equals(objectRow.encode(row))) put(context, news, row, next)
}

/** What is open at an endpoint that its receiver has no more is closed there, or a decision says that it cannot be. */
function endAtEndpoints(desk: Desk, draft: Draft, receiver: string, told: Told, endpoints: readonly string[]): void {
  const route = desk.directions.router.wayTo(receiver)
  if (isOpen(told, route)) closeAt(desk, draft, route, told, endpoints)
}

function rerouteHeld(desk: Desk, draft: Draft): void {
  const { router } = desk.directions
  for (const [id, held] of Object.entries(draft.held)) {
    // Another one that went a new way may have ended it.
    if (draft.held[id] !== held) continue
    const route = holdingRoute(router, id, held)
    const taken = route && (router.match(draft.news).includes(route) || isOpen(draft.told[route.receiver], route))
    if (!taken) reroute(desk, draft, id)
    // How long an unknown must last may have changed; of a group the message in preparation goes when it was to.
    else if (held.reason === 'lasting') draft.held[id] = { ...held, until: desk.now }
  }
}

/** When it is told again by the route in force. */
function withRepeat(desk: Desk, draft: Draft, receiver: string, told: Told): Told {
  const { repeatAt: _, ...rest } = told
  // Looked at again when what mutes it ends; of rows of earlier versions it is not known when they told last.
  if (told.mutedBy !== undefined || told.open === undefined) return told
  const route = desk.directions.router.match(draft.news).find((one) => one.receiver === receiver)
  if (!route || route.repeatInterval === 0 || !isOpen(told, route) || told.state !== draft.news.state) return rest
  return { ...rest, route: route.id, repeatAt: told.at + route.repeatInterval * 1000 }
}

/** Nothing is said again at an endpoint that is no more, nor when one of its name comes back. */
function forgetStanding(context: TaskContext, { endpoints }: InForce, { retired }: Directions): void {
  // What is open at one that is taken away stands until it is closed there.
  const names = new Set([...Object.values(endpoints).flat(), ...retired.keys()])
  const table = context.table('standing')
  for (const { key } of [...table.range()]) if (!names.has(endpointOfKey(key))) table.delete(key)
}
