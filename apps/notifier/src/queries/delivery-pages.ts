import type { Delivery } from '@quorate/contracts'
import type { RunningTask } from '@quorate/streams'
import { momentOf, recordKey, within } from '../rows/keys'
import { decisionPageRow } from '../rows/packed-rows'
import { type DeliveryRow, objectRow, decisionIndexRow } from '../rows/rows'
import { type DeliveryFilter, passes } from './delivery-filter'
import { deliveryToWire } from './delivery-wire'

/** Rows looked at for one page of one partition at most: a rare status must not hold the event loop. */
const SCANNED = 20_000

/** A part of the list, newest first. `end`: where the reading stopped; undefined when there was nothing more. */
export interface DeliverySlice {
  readonly items: readonly Delivery[]
  readonly end: string | undefined
}

/** Key of an item in the order of the list. */
const keyOf = (item: Delivery): string => recordKey(Date.parse(item.decidedAt), item.id)

/** One partition's decisions behind `after`. */
export function page(
  task: RunningTask,
  filter: DeliveryFilter,
  after: string | undefined,
  limit: number,
): DeliverySlice {
  const items: Delivery[] = []
  let scanned = 0
  for (const { key, row } of decisions(task, filter.object, after)) {
    if (passes(row, filter)) items.push(deliveryToWire(row))
    if (items.length === limit || ++scanned === SCANNED) return { items, end: key }
  }
  return { items, end: undefined }
}

interface Place {
  readonly key: string
  readonly row: DeliveryRow
}

/** Decisions of a task behind a place, newest first, those of one moment by id. */
export function* decisions(task: RunningTask, object?: string, after?: string): IterableIterator<Place> {
  let moment: Place[] = []
  let at = ''
  for (const { key, rows } of pages(task, object, after && momentOf(after))) {
    if (momentOf(key) !== at) yield* inOrder(moment, after)
    if (momentOf(key) !== at) moment = []
    at = momentOf(key)
    for (const row of rows) moment.push({ key: recordKey(row.decidedAt, row.id), row })
  }
  yield* inOrder(moment, after)
}

const inOrder = (moment: Place[], after: string | undefined): Place[] =>
  moment.filter(({ key }) => after === undefined || key > after).sort((a, b) => (a.key < b.key ? -1 : 1))

/** Pages from a moment on, newest first: all, or those with decisions about an object. */
function* pages(
  task: RunningTask,
  object: string | undefined,
  from: string | undefined,
): IterableIterator<{ key: string; rows: readonly DeliveryRow[] }> {
  const history = task.table('history')
  if (object === undefined) {
    for (const { key, value } of history.range(from === undefined ? {} : { from }))
      yield { key, rows: decisionPageRow.decode(value).rows }
    return
  }
  for (const key of trailOf(task, object)) {
    const value = from === undefined || key >= from ? history.get(key) : undefined
    if (value) yield { key, rows: decisionPageRow.decode(value).rows.filter((row) => row.object === object) }
  }
}

/** Keys of the pages with decisions about an object, newest first. */
function trailOf(task: RunningTask, object: string): string[] {
  const bytes = task.table('objects').get(object)
  const keys = new Set(bytes && objectRow.decode(bytes).trail)
  for (const { value } of task.table('by-object').range(within(object)))
    for (const key of decisionIndexRow.decode(value).pages) keys.add(key)
  return [...keys].sort()
}

/**
 * Puts the pages of all partitions together. Nothing behind the place where the shortest reading stopped is shown:
 * another partition may have something before it.
 */
export function merge(pages: readonly DeliverySlice[], limit: number): DeliverySlice {
  const ends = pages.flatMap(({ end }) => (end === undefined ? [] : [end])).sort()
  const [boundary] = ends
  const all = pages
    .flatMap(({ items }) => items)
    .map((item) => ({ item, key: keyOf(item) }))
    .filter(({ key }) => boundary === undefined || key <= boundary)
    .sort((a, b) => (a.key < b.key ? -1 : 1))
  const shown = all.slice(0, limit)
  const end = all.length > limit ? shown.at(-1)!.key : boundary
  return { items: shown.map(({ item }) => item), end }
}
