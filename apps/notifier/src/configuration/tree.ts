import { type Fault, isRecord } from '@quorate/contracts'
import type { RouteDocument } from './document'
import type { EntryChecks } from './entry-checks'

const DEEPEST = 16
/** The name of a route without one: its place in the tree. */
const PLACE = /^\d+(\.\d+)*$/
/** Takes no change: keeps the place of a route that is left out, since places are the names of those without one. */
const NEVER: RouteDocument = { match: { state: [] } }

interface Judging {
  readonly known: ReadonlySet<string>
  readonly checks: EntryChecks
  readonly names: Set<string>
}

const judging = (routes: unknown, known: ReadonlySet<string>, checks: EntryChecks): Judging => ({
  known,
  checks,
  names: new Set(isRecord(routes) && routes['name'] !== undefined ? [] : ['root']),
})

/** Every fault of the tree of routes. */
export function treeFaults(routes: unknown, known: ReadonlySet<string>, checks: EntryChecks): Fault[] {
  return [...faultsBelow(routes, '/routes', 0, judging(routes, known, checks))]
}

/**
 * The tree without what is wrong in it, and what that is. A route that is left out leaves its changes to its parent;
 * without a root there is no tree.
 */
export function soundTree(
  routes: unknown,
  known: ReadonlySet<string>,
  checks: EntryChecks,
): { tree: RouteDocument | undefined; faults: readonly Fault[] } {
  const faults: Fault[] = []
  const tree = soundBelow(routes, '/routes', 0, judging(routes, known, checks), faults)
  return { tree, faults }
}

function* faultsBelow(route: unknown, at: string, depth: number, how: Judging): Iterable<Fault> {
  yield* nodeFaults(route, at, depth, how)
  if (depth < DEEPEST) for (const [i, child] of childrenOf(route).entries()) yield* faultsBelow(child, `${at}/routes/${i}`, depth + 1, how) // prettier-ignore
}

function soundBelow(
  route: unknown,
  at: string,
  depth: number,
  how: Judging,
  faults: Fault[],
): RouteDocument | undefined {
  const own = [...nodeFaults(route, at, depth, how)]
  faults.push(...own)
  if (own.length > 0) return undefined
  const { routes, ...node } = route as RouteDocument
  if (routes === undefined) return node
  return { ...node, routes: routes.map((child, i) => soundBelow(child, `${at}/routes/${i}`, depth + 1, how, faults) ?? NEVER) } // prettier-ignore
}

/** Of one node, without those below it. */
function* nodeFaults(route: unknown, at: string, depth: number, { known, checks, names }: Judging): Iterable<Fault> {
  const shape = checks.route(route)
  for (const fault of shape) yield { ...fault, pointer: `${at}${fault.pointer}` }
  const faulty = (member: string) => shape.some(({ pointer }) => pointer === member)
  if (!isRecord(route)) return
  const { receiver, name } = route
  if (depth === 0 && receiver === undefined)
    yield { pointer: `${at}/receiver`, detail: 'missing: the root needs a receiver' }
  if (typeof receiver === 'string' && !faulty('/receiver') && !known.has(receiver))
    yield { pointer: `${at}/receiver`, detail: `there is no receiver ${receiver}` }
  if (typeof name === 'string' && !faulty('/name')) {
    if (PLACE.test(name)) yield { pointer: `${at}/name`, detail: 'is how routes without a name are called' }
    else if (names.has(name)) yield { pointer: `${at}/name`, detail: `another route is named ${name}` }
    names.add(name)
  }
  if (depth === DEEPEST && childrenOf(route).length > 0)
    yield { pointer: `${at}/routes`, detail: `is deeper than ${DEEPEST} routes` }
}

const childrenOf = (route: unknown): readonly unknown[] =>
  isRecord(route) && Array.isArray(route['routes']) ? (route['routes'] as unknown[]) : []
