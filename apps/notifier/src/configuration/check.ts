import { compiled, type Fault, faultsOf, isRecord, pointer } from '@quorate/contracts'
import type { TSchema } from '@sinclair/typebox'
import type { Channel } from '../channels'
import type { NotifyDocument, RouteDocument } from './document'
import { INHIBITION_SCHEMA, NAME_PATTERN, RECEIVER_SCHEMA, ROUTE_SCHEMA, SILENCE_SCHEMA } from './schema'

const CHECKS = {
  receiver: compiled(RECEIVER_SCHEMA),
  route: compiled(ROUTE_SCHEMA),
  silence: compiled(SILENCE_SCHEMA),
  inhibition: compiled(INHIBITION_SCHEMA),
}
const NAME = new RegExp(NAME_PATTERN)
const DEEPEST = 16
/** The name of a route without one: its place in the tree. */
const PLACE = /^\d+(\.\d+)*$/

/** What a configuration is judged against. */
export interface Surroundings {
  readonly channels: ReadonlyMap<string, Channel>
  /** Receivers that are there without being configured (`console`). */
  readonly builtIn: ReadonlySet<string>
}

export type Checked =
  | { readonly document: NotifyDocument; readonly faults?: undefined }
  | { readonly faults: readonly Fault[]; readonly document?: undefined }

/** Judges a whole configuration: the shape of each part, and what the parts say of each other. Faults have the places of the document. */
export function checkDocument(input: unknown, surroundings: Surroundings): Checked {
  if (!isRecord(input)) return { faults: [{ pointer: '', detail: 'must be an object' }] }
  const { receivers = {}, routes, silences = {}, inhibitions = {}, ...others } = input
  const faults: Fault[] = Object.keys(others).map((name) => ({
    pointer: pointer(name),
    detail: 'unknown field; there are receivers, routes, silences, inhibitions',
  }))
  faults.push(...byName('receivers', receivers, CHECKS.receiver))
  faults.push(...byName('silences', silences, CHECKS.silence))
  faults.push(...byName('inhibitions', inhibitions, CHECKS.inhibition))
  if (routes !== undefined) faults.push(...routeFaults(routes, pointer('routes'), 0))
  if (faults.length > 0) return { faults }
  const document = { receivers, silences, inhibitions, ...(routes === undefined ? {} : { routes }) } as NotifyDocument
  faults.push(...together(document, surroundings))
  return faults.length > 0 ? { faults } : { document }
}

type Check = (typeof CHECKS)[keyof typeof CHECKS]

function byName(part: string, entries: unknown, check: Check): Fault[] {
  if (!isRecord(entries)) return [{ pointer: pointer(part), detail: 'must be a mapping by name' }]
  return Object.entries(entries).flatMap(([name, entry]) => {
    const at = pointer(part, name)
    return NAME.test(name) ? shapeFaults(check, entry, at) : [{ pointer: at, detail: `a name must be ${NAME_PATTERN}` }]
  })
}

function shapeFaults(check: Check, entry: unknown, at: string): Fault[] {
  if (check.Check(entry)) return []
  return leaves(faultsOf<TSchema>(check, entry)).map(({ pointer: below, detail }) => ({
    pointer: `${at}${below}`,
    detail,
  }))
}

/** Where a member is at fault, what holds it need not be named as well. */
const leaves = (faults: readonly Fault[]): Fault[] =>
  faults.filter(({ pointer: at }) => !faults.some((other) => other.pointer.startsWith(`${at}/`)))

function routeFaults(route: unknown, at: string, depth: number): Fault[] {
  const faults = shapeFaults(CHECKS.route, route, at)
  if (faults.length > 0) return faults
  const { routes = [] } = route as RouteDocument
  if (depth === DEEPEST && routes.length > 0)
    return [{ pointer: `${at}/routes`, detail: `is deeper than ${DEEPEST} routes` }]
  return routes.flatMap((child, i) => routeFaults(child, `${at}${pointer('routes', i)}`, depth + 1))
}

function* together(document: NotifyDocument, surroundings: Surroundings): Iterable<Fault> {
  const { receivers, routes, silences, inhibitions } = document
  const known = new Set([...Object.keys(receivers), ...surroundings.builtIn])
  yield* endpointFaults(document, surroundings)
  for (const [name, { fallback }] of Object.entries(receivers)) {
    const at = pointer('receivers', name, 'fallback')
    if (fallback === undefined) continue
    if (!known.has(fallback)) yield { pointer: at, detail: `there is no receiver ${fallback}` }
    else if (isCircle(name, receivers)) yield { pointer: at, detail: 'leads back to this receiver' }
  }
  if (routes) {
    if (routes.receiver === undefined)
      yield { pointer: '/routes/receiver', detail: 'missing: the root needs a receiver' }
    yield* treeFaults(routes, '/routes', known, new Set(routes.name === undefined ? ['root'] : []))
  }
  for (const [id, { match, startsAt, endsAt }] of Object.entries(silences)) {
    if (Object.keys(match).length === 0)
      yield { pointer: pointer('silences', id, 'match'), detail: 'must have a matcher; object: "**" is everything' }
    if (Date.parse(endsAt) <= Date.parse(startsAt))
      yield { pointer: pointer('silences', id, 'endsAt'), detail: 'must be after startsAt' }
  }
  for (const [name, { parent, dependants }] of Object.entries(inhibitions))
    if (dependants === parent)
      yield { pointer: pointer('inhibitions', name, 'dependants'), detail: 'is the parent itself' }
}

function* endpointFaults({ receivers }: NotifyDocument, { channels }: Surroundings): Iterable<Fault> {
  for (const [receiver, { endpoints }] of Object.entries(receivers)) {
    const names = new Set<string>()
    for (const [i, { name, channel, settings = {} }] of endpoints.entries()) {
      const at = pointer('receivers', receiver, 'endpoints', i)
      const own = name ?? `${i + 1}`
      if (names.has(own)) yield { pointer: `${at}/name`, detail: `${own} is there twice` }
      names.add(own)
      const found = channels.get(channel)
      if (!found) yield { pointer: `${at}/channel`, detail: `there is no channel ${channel}; there are ${[...channels.keys()].join(', ')}` } // prettier-ignore
      for (const fault of found?.check?.(settings) ?? [])
        yield { pointer: `${at}/settings${fault.pointer}`, detail: fault.detail }
    }
  }
}

function isCircle(name: string, receivers: NotifyDocument['receivers']): boolean {
  const seen = new Set<string>()
  for (let at = receivers[name]?.fallback; at !== undefined && !seen.has(at); at = receivers[at]?.fallback) {
    if (at === name) return true
    seen.add(at)
  }
  return false
}

function* treeFaults(
  route: RouteDocument,
  at: string,
  known: ReadonlySet<string>,
  names: Set<string>,
): Iterable<Fault> {
  const { receiver, name, routes = [] } = route
  if (receiver !== undefined && !known.has(receiver))
    yield { pointer: `${at}/receiver`, detail: `there is no receiver ${receiver}` }
  if (name !== undefined && names.has(name)) yield { pointer: `${at}/name`, detail: `another route is named ${name}` }
  if (name !== undefined && PLACE.test(name))
    yield { pointer: `${at}/name`, detail: 'is how routes without a name are called' }
  if (name !== undefined) names.add(name)
  for (const [i, child] of routes.entries()) yield* treeFaults(child, `${at}/routes/${i}`, known, names)
}
