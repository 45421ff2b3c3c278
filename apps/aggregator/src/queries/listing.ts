import { compareUtf8, encodeWireView, type View } from '@quorate/contracts'
import { type Call, Problem } from '@quorate/http'
import { GENERATION, guarded, HANDOVER_TIMEOUT_MS, locate, type Owners, type Peers } from '@quorate/routing'
import { type RunningTask, Semaphore } from '@quorate/streams'
import { formatPositions, type Positions } from './positions'
import { refuseGone } from './gone'
import { refuseImport } from './importing'
import { type Missing, PARTS, reasonOf } from './parts'
import type { Reading } from './reading'
import { type Bound, upTo, waitOf } from './waiting'

/** Which objects a list shows. */
export interface Filter {
  readonly state?: string | undefined
  readonly voted?: string | undefined
  readonly contested?: boolean | undefined
  readonly stale?: boolean | undefined
  readonly flapping?: boolean | undefined
  readonly divergent?: boolean | undefined
  readonly overridden?: boolean | undefined
  readonly prefix?: string | undefined
}

export interface ListQuery extends Filter, Bound {
  readonly after?: string | undefined
  readonly limit: number
}

/** An object of a page; `text` is its view as REST writes it. */
export interface Listed {
  readonly id: string
  readonly text: string
  readonly partition: number
  readonly incarnation: number
  readonly revision: number
  readonly offset: number | undefined
}

export interface ObjectPage {
  readonly items: readonly Listed[]
  /** True when there is more behind the last item. */
  readonly more: boolean
  readonly missing: readonly Missing[]
  /** Objects among these whose rows cannot be read; the first of them. */
  readonly unreadable?: readonly string[]
  /** Last applied offset of each partition that answered. */
  readonly positions: Positions
  /** ms for which the lease of a part of it has lapsed (docs/adr/0011); absent when all are held. */
  readonly age?: number
}

const NONE: ObjectPage = { items: [], more: false, missing: [], positions: new Map() }

/** Objects that cannot be read and are named on a page. */
const MAX_UNREADABLE = 100
/** Rows looked at before others get a turn. */
const SLICE_ROWS = 128
/** ms after which partitions that were changing hands are asked again. */
const RETRY_MS = 250
/**
 * Lists, and parts of others' lists, that are worked on at once, so that many of them leave the event loop to point
 * reads.
 */
const CONCURRENCY = 4

/**
 * Lists objects of all partitions in one order: here, and one hop to each owner. A partition that cannot answer is
 * named.
 */
export class Listing {
  readonly #rounds = new Semaphore(CONCURRENCY)
  /** Apart: a list waits for parts from others, a part waits for nobody. */
  readonly #parts = new Semaphore(CONCURRENCY)

  constructor(
    private readonly reading: Reading,
    private readonly owners: Owners,
    private readonly peers: Peers,
  ) {}

  /** Partitions that are changing hands are waited for a moment, and asked once more. */
  async page(query: ListQuery, call: Call): Promise<ObjectPage> {
    const until = performance.now() + HANDOVER_TIMEOUT_MS
    const parts: ObjectPage[] = []
    for (let asked: readonly number[] | undefined; ;) {
      const { version } = this.owners.map
      const partitions = asked
      // Who waits for a partition holds no place: others may have all of theirs.
      const round = await inTurn(this.#rounds, query, call, () => this.#round(partitions, query, call))
      parts.push({ ...round, missing: [] })
      const { missing } = round
      const isPassing = missing.every(({ partition, reason }) => this.owners.isPassing(partition, reason))
      if (missing.length === 0 || !isPassing || !(await this.#mayHaveChanged(version, until)))
        return merged([...parts, { ...NONE, missing }], query.limit)
      asked = missing.map(({ partition }) => partition)
    }
  }

  /** Also without a newer map: a member that was not heard may be heard again. */
  async #mayHaveChanged(version: number, until: number): Promise<boolean> {
    const left = until - performance.now()
    return left > 0 && this.owners.map.changed(version, Math.min(left, RETRY_MS), true)
  }

  async #round(partitions: readonly number[] | undefined, query: ListQuery, call: Call): Promise<ObjectPage> {
    const { here, elsewhere, missing } = locate(this.owners, call.forwarded, partitions)
    const parts = await Promise.all([
      ...here.map((task) => this.#local(task, query, call)),
      ...[...elsewhere].map(([url, theirs]) => this.#remote(url, theirs, query, call)),
    ])
    return merged([...parts, { ...NONE, missing }], query.limit)
  }

  /** Only the given partitions, and only what is here: what a peer asks. */
  async part(partitions: readonly number[], query: ListQuery, call: Call): Promise<ObjectPage> {
    await this.owners.upToSender(call)
    return inTurn(this.#parts, query, call, () => this.#part(partitions, query, call))
  }

  async #part(partitions: readonly number[], query: ListQuery, call: Call): Promise<ObjectPage> {
    const { here, missing } = locate(this.owners, true, partitions)
    const parts = await Promise.all(here.map((task) => this.#local(task, query, call)))
    return merged([...parts, { ...NONE, missing }], query.limit)
  }

  async #local(task: RunningTask, query: ListQuery, call: Call): Promise<ObjectPage> {
    const { partition } = task
    try {
      const page = await guarded(task, async () => {
        await upTo(task, query.bound, query.waitMs)
        return this.#scan(task, query, call)
      })
      if (await this.owners.leaseHeld(task)) return page
      if (await this.owners.mayAnswerUnconfirmed(task, call)) return { ...page, age: this.owners.lapsedFor }
      return { ...NONE, missing: [{ partition, reason: 'rebalancing' }] }
    } catch (error) {
      return { ...NONE, missing: [{ partition, reason: reasonOf(error) }] }
    }
  }

  /** Slice by slice, so that a filter that matches little does not hold everything else up, nor goes on for nobody. */
  async #scan(task: RunningTask, query: ListQuery, call: Call): Promise<ObjectPage> {
    const { partition } = task
    refuseImport(task)
    const items: Listed[] = []
    const unreadable: string[] = []
    const note = (id: string): void => void (unreadable.length < MAX_UNREADABLE && unreadable.push(id))
    const matches = matcherOf(query)
    // One more than asked for tells whether there is more.
    const wanted = query.limit + 1
    let { after } = query
    while (items.length < wanted) {
      const slice = this.reading.objects(task, after, query.prefix ?? '', Math.min(SLICE_ROWS, 2 * wanted), note)
      for (const { view } of slice) {
        after = view.object
        if (matches(view)) items.push(listed(view, partition))
        if (items.length === wanted) break
      }
      if (slice.length === 0) break
      await new Promise(setImmediate)
      refuseGone(call)
    }
    const positions = new Map([[partition, task.position - 1]])
    return { items: items.slice(0, query.limit), more: items.length > query.limit, missing: [], unreadable, positions }
  }

  async #remote(url: string, partitions: readonly number[], query: ListQuery, call: Call): Promise<ObjectPage> {
    try {
      const bound = query.bound && formatPositions(query.bound)
      const answer = await this.peers.forward(url, call, {
        method: 'GET',
        path: `/v1/objects?${searchOf(query)}`,
        headers: {
          [PARTS]: partitions.join(','),
          [GENERATION]: String(this.owners.map.generation),
          ...(bound ? { 'quorate-min-position': bound } : {}),
        },
        waitMs: waitOf(query),
        pool: 'lists',
      })
      if (answer.status !== 200) throw new Problem('owner-unreachable', `The owner (${url}) answered ${answer.status}.`)
      return JSON.parse(String(answer.body), revivePart) as ObjectPage
    } catch (error) {
      const reason = reasonOf(error)
      return { ...NONE, missing: partitions.map((partition) => ({ partition, reason })) }
    }
  }
}

/**
 * What waits for a position, for up to a minute, takes no place from others; nor does who has gone when its turn comes.
 */
const inTurn = (
  turns: Semaphore,
  { bound }: ListQuery,
  call: Call,
  work: () => Promise<ObjectPage>,
): Promise<ObjectPage> =>
  bound
    ? work()
    : turns.run(() => {
        refuseGone(call)
        return work()
      })

/** A page between instances. */
export const encodePart = ({ positions, ...page }: ObjectPage): string =>
  JSON.stringify({ ...page, positions: [...positions] })
const revivePart = (key: string, value: unknown): unknown =>
  key === 'positions' ? new Map(value as [number, number][]) : value

const listed = (view: View, partition: number): Listed => ({
  id: view.object,
  text: encodeWireView(view),
  partition,
  incarnation: view.incarnation,
  revision: view.revision,
  offset: view.trigger?.offset,
})

/** The first `limit` of all, in the order of the ids' bytes. What lies behind the last one comes with the next page. */
function merged(parts: readonly ObjectPage[], limit: number): ObjectPage {
  const all = parts.flatMap(({ items }) => items).sort((a, b) => compareUtf8(a.id, b.id))
  const items = all.slice(0, limit)
  const more = all.length > limit || parts.some(({ more }) => more)
  const last = items.at(-1)
  const unreadable = parts
    .flatMap(({ unreadable = [] }) => unreadable)
    // What lies behind the page is named on the next one.
    .filter((id) => !more || (last !== undefined && compareUtf8(id, last.id) < 0))
    .sort(compareUtf8)
    .slice(0, MAX_UNREADABLE)
  const ages = parts.flatMap(({ age }) => age ?? [])
  return {
    items,
    more,
    ...(unreadable.length === 0 ? {} : { unreadable: [...new Set(unreadable)] }),
    missing: parts.flatMap(({ missing }) => missing).sort((a, b) => a.partition - b.partition),
    positions: new Map(parts.flatMap(({ positions }) => [...positions])),
    ...(ages.length === 0 ? {} : { age: Math.max(...ages) }),
  }
}

function matcherOf(filter: Filter): (view: View) => boolean {
  const { state, voted, contested, stale, flapping, divergent, overridden } = filter
  const marks = Object.entries({ contested, stale, flapping, divergent }).filter(
    ([, wanted]) => wanted !== undefined,
  ) as ['stale', boolean][]
  return (view) =>
    (state === undefined || view.state === state) &&
    (voted === undefined || view.voted === voted) &&
    (overridden === undefined || (view.override !== null) === overridden) &&
    marks.every(([mark, wanted]) => view[mark] === wanted)
}

const FILTERS = [
  'state',
  'voted',
  'contested',
  'stale',
  'flapping',
  'divergent',
  'overridden',
  'prefix',
  'limit',
  'after',
] as const

function searchOf(query: ListQuery): string {
  const search = new URLSearchParams()
  for (const name of FILTERS) if (query[name] !== undefined) search.set(name, String(query[name]))
  if (query.waitMs !== undefined) search.set('wait', `${query.waitMs}ms`)
  return search.toString()
}
