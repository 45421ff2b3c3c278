import type { TableReader } from '@quorate/state-store'
import type { RunningTask } from '@quorate/streams'
import { byObjectKey, recordKey, recordOfIndex } from '../outbox/keys'
import { deliveryRow } from '../outbox/rows'
import { type DeliveryFilter, passes } from './delivery-filter'
import { deliveryToWire, type DeliveryWire } from './delivery-wire'

/** Rows looked at for one page of one partition at most: a rare status must not hold the event loop. */
const SCANNED = 20_000

/** A part of the list, newest first. `end`: where the reading stopped; undefined when there was nothing more. */
export interface Page {
  readonly items: readonly DeliveryWire[]
  readonly end: string | undefined
}

/** Key of an item in the order of the list. */
const keyOf = (item: DeliveryWire): string => recordKey(Date.parse(item.decidedAt), item.id)

/** One partition's decisions behind `after`. */
export function page(task: RunningTask, filter: DeliveryFilter, after: string | undefined, limit: number): Page {
  const items: DeliveryWire[] = []
  let scanned = 0
  for (const { key, value } of records(task, filter.object, after)) {
    const row = deliveryRow.decode(value)
    if (passes(row, filter)) items.push(deliveryToWire(row))
    if (items.length === limit || ++scanned === SCANNED) return { items, end: key }
  }
  return { items, end: undefined }
}

function* records(
  task: RunningTask,
  object: string | undefined,
  after: string | undefined,
): IterableIterator<{ key: string; value: Buffer }> {
  const deliveries = task.table('deliveries')
  if (object === undefined) {
    yield* deliveries.range(after === undefined ? {} : { after })
    return
  }
  for (const key of ofObject(task.table('by-object'), object, after)) {
    const value = deliveries.get(key)
    if (value) yield { key, value }
  }
}

function* ofObject(index: TableReader, object: string, after: string | undefined): IterableIterator<string> {
  const to = byObjectKey(object, '\u{10ffff}')
  const bounds = after === undefined ? { from: byObjectKey(object, ''), to } : { after: byObjectKey(object, after), to }
  for (const { key } of index.range(bounds)) yield recordOfIndex(key)
}

/**
 * Puts the pages of all partitions together. Nothing behind the place where the shortest reading stopped is shown: another partition
 * may have something before it.
 */
export function merge(pages: readonly Page[], limit: number): Page {
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
