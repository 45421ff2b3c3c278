import type { ObjectId } from '@quorate/contracts'
import { RETENTION_MS } from '../rows/due'
import { timeOfPage, trailKey } from '../rows/keys'
import { trailRow } from '../rows/rows'
import type { Tables } from '../rows/tables'

/** Pages that an object's row names itself; older ones are in rows of the index by object. */
const IN_ROW = 24
const SPILLED = 16

/** Where the decisions about an object lie: keys of pages, oldest first. Answers the trail with one more. */
export function longer(
  tables: Tables,
  object: ObjectId,
  trail: readonly string[],
  page: string,
  now: number,
): string[] {
  if (trail.at(-1) === page) return [...trail]
  const next = [...trail, page]
  return next.length > IN_ROW ? spill(tables, object, next, SPILLED, now) : next
}

/** Moves the oldest of a trail into the index by object; answers the rest. */
export function spill(
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
    const key = trailKey(object, last)
    tables.table('by-object').put(key, trailRow.encode({ forgetAt, pages }))
    tables.table('by-object').arm(key, forgetAt)
  }
  return trail.slice(count)
}
