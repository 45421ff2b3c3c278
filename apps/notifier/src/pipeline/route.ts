import { fingerprint } from '@quorate/contracts'
import { compileMatchers, type Matchers } from './matchers'
import { type News, type Subject, subjectOf } from './news'
import { DEFAULT_TIMING, type RouteInput, type RouteTiming, type Routing } from './routing'

/** A node of the tree, inheritance resolved. */
export interface Route extends RouteTiming {
  /** What people are shown: its name, or its place in the tree. */
  readonly path: string
  /**
   * Its identity, the same wherever it moves in the tree: its name, or for a route without one what it and its parents
   * ask for and whom it tells. What is held or was told refers to it.
   */
  readonly id: string
  readonly receiver: string
}

interface Node {
  readonly route: Route
  readonly continue: boolean
  readonly match: Matchers
  readonly takes: (subject: Subject) => boolean
  readonly children: readonly Node[]
}

/** The tree of routes, compiled. */
export interface Router {
  /**
   * Every route whose node takes the change and none of whose children does; in the order of the tree (as in
   * Alertmanager).
   */
  match(news: News): Route[]
  matchSubject(subject: Subject): Route[]
  /** The same, each with the nodes that lead to it. */
  explain(subject: Subject): Explained[]
  /** The tree as configured: equal where nothing has changed. */
  readonly content: unknown
  /** The route of that identity. */
  route(id: string): Route | undefined
  /**
   * The way to tell a receiver what no route takes to it: the first route of the tree that names it, or the root's
   * timing.
   */
  wayTo(receiver: string): Route
}

export interface Explained {
  readonly route: Route
  /** From the root on: the node's name and what it asks for. */
  readonly via: readonly { readonly path: string; readonly match: Matchers }[]
}

/**
 * Compiles the tree.
 * @throws Error when a route names a receiver that is not there, or two routes have one name
 */
export function compileRoutes(routing: Pick<Routing, 'receivers' | 'root'>): Router {
  const names = new Set(routing.receivers.map((receiver) => receiver.name))
  const paths = new Set<string>()
  const byId = new Map<string, Route>()
  const node = (input: RouteInput, parent: Omit<Route, 'path'>, place: string): Node => {
    const { match, routes = [], name, continue: goOn = false, ...own } = input
    const receiver = own.receiver ?? parent.receiver
    const id = name ?? firstFree(contentId(parent.id, match ?? {}, receiver), byId)
    const route: Route = { ...parent, ...own, receiver, path: name ?? place, id }
    if (!names.has(route.receiver))
      throw new Error(`route ${route.path} names the receiver ${route.receiver}, which is not configured`)
    if (paths.has(route.path)) throw new Error(`two routes are named ${route.path}`)
    paths.add(route.path)
    byId.set(route.id, route)
    const children = routes.map((child, i) => node(child, route, place === '' ? `${i}` : `${place}.${i}`))
    return { route, continue: goOn, match: match ?? {}, takes: compileMatchers(match ?? {}), children }
  }
  const root = node(
    { ...routing.root, name: routing.root.name ?? 'root' },
    { ...DEFAULT_TIMING, receiver: routing.root.receiver, id: '' },
    '',
  )
  const matchSubject = (subject: Subject) => (root.takes(subject) ? descend(root, subject) : [])
  const explain = (subject: Subject) => (root.takes(subject) ? descendAloud(root, subject, []) : [])
  // What is held there must not be taken for what the root holds for its own receiver.
  const wayOf = (receiver: string): Route => ({ ...root.route, receiver, id: `${WAY}${receiver}` })
  const wayTo = (receiver: string): Route =>
    [...byId.values()].find((route) => route.receiver === receiver) ?? wayOf(receiver)
  return {
    match: (news) => matchSubject(subjectOf(news)),
    matchSubject,
    explain,
    content: routing.root,
    route(id) {
      const receiver = id.startsWith(WAY) ? id.slice(WAY.length) : ''
      return byId.get(id) ?? (names.has(receiver) ? wayOf(receiver) : undefined)
    },
    wayTo,
  }
}

/** Begins the identity of the way to a receiver that no route names. */
const WAY = '~to/'

/** No name of a route begins like this. */
const contentId = (parent: string, match: Matchers, receiver: string): string =>
  `~${fingerprint([parent, match, receiver])}`

/** Routes of the same content under one parent are told apart by their order. */
function firstFree(id: string, taken: ReadonlyMap<string, unknown>): string {
  let free = id
  for (let n = 2; taken.has(free); n++) free = `${id}.${n}`
  return free
}

function descendAloud(node: Node, subject: Subject, above: Explained['via']): Explained[] {
  const via = [...above, { path: node.route.path, match: node.match }]
  const found: Explained[] = []
  for (const child of node.children) {
    if (!child.takes(subject)) continue
    found.push(...descendAloud(child, subject, via))
    if (!child.continue) break
  }
  return found.length > 0 ? found : [{ route: node.route, via }]
}

function descend(node: Node, subject: Subject): Route[] {
  const found: Route[] = []
  for (const child of node.children) {
    if (!child.takes(subject)) continue
    found.push(...descend(child, subject))
    if (!child.continue) break
  }
  return found.length > 0 ? found : [node.route]
}

const SEPARATOR = '\u0001'

/** A group of more objects than one. */
export const isWide = (route: Pick<Route, 'groupBy'>): boolean => !route.groupBy.includes('object')

/** What the changes of a group have in common. */
export const groupLabels = (route: Pick<Route, 'groupBy'>, news: News): Record<string, string> =>
  Object.fromEntries(
    route.groupBy.map((label) => [label, label === 'object' ? news.object : (news.view?.policy ?? '')]),
  )

/** Key of the group that a change falls into on a route. A change that lacks a label has it empty. */
export function groupKey(route: Route, news: News): string {
  const labels = route.groupBy.map((label) => (label === 'object' ? news.object : (news.view?.policy ?? '')))
  return [route.id, ...labels].join(SEPARATOR)
}
