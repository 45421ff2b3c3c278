import type { ObjectId } from '@quorate/contracts'
import { RETENTION_MS } from '../rows/due'
import { timeOfPage, decisionIndexKey } from '../rows/keys'
import { decisionIndexRow } from '../rows/rows'
import type { Tables } from '../rows/tables'

/** Pages that an object's row names itself; older ones are in rows of the index by object. */
const MAX_PAGES_IN_ROW = 24
const ARCHIVED_AT_ONCE = 16

/** Where the decisions about an object lie: keys of pages, oldest first. Answers the trail with one more. */
export function append(
  tables: Tables,
  object: ObjectId,
  trail: readonly string[],
  page: string,
  now: number,
): string[] {
  if (trail.at(-1) === page) return [...trail]
  const next = [...trail, page]
  return next.length > MAX_PAGES_IN_ROW ? archiveOldest(tables, object, next, ARCHIVED_AT_ONCE, now) : next
}

/** Moves the oldest of a trail into the index by object; answers the rest. */
export function archiveOldest(
  tables: Tables,
  object: ObjectId,
  trail: readonly string[],
  count: number,
  now: number,
): string[] {
  // A delivery is settled within days of its decision, and forgotten the retention after that.
  const pages = trail.slice(0, count).filter((page) => timeOfPage(page) > now - 2 * RETENTION_MS)
  const last = pages.at(-1)
  if (last !== undefined) {
    const forgetAt = timeOfPage(last) + 2 * RETENTION_MS
    const key = decisionIndexKey(object, last)
    tables.table('by-object').put(key, decisionIndexRow.encode({ forgetAt, pages }))
    tables.table('by-object').arm(key, forgetAt)
  }
  return trail.slice(count)
}
