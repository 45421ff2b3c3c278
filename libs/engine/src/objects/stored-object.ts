import type { ObjectId } from '@quorate/contracts'
import { pageKey, TABLE } from '../tables'
import type { Row, Settings } from '@quorate/vote'
import { beginRead, readNumber, readPosition } from './bytes'
import type { HotObject } from './hot-object'
import { decodeHead, morePages } from './object-codec'
import { PAGE_ROWS, readRow } from './row-codec'

/** The rows of one table. */
export interface Rows {
  get(key: string): Buffer | undefined
}

/** An inconsistency in the rows of an object. */
export interface Misfit {
  /** Number of the page; 0: the object's own row. */
  readonly page: number
  readonly what: string
}

/**
 * An object from its own row of the store and its further pages of reports. The reports that exist count: earlier
 * releases could write a wrong number into the object's row, or leave out a page. `misfits` is called for each
 * inconsistency.
 */
export function storedObject(
  id: ObjectId,
  row: Buffer,
  settings: Settings,
  tables: (name: string) => Rows,
  misfits?: (misfit: Misfit) => void,
): HotObject {
  const object = decodeHead(id, row, 0, settings)
  const rows = readNumber()
  object.storedRows = rows
  object.storedPages = 0
  readAll(object, row)
  let isWhole = object.rows.length === Math.min(rows, PAGE_ROWS)
  if (!isWhole) misfits?.({ page: 0, what: `its row says ${rows} reports but contains ${object.rows.length}` })
  // With less than a full page there are no others. Otherwise there may be pages that the row does not account for.
  for (let number = 1; rows >= PAGE_ROWS; number++) {
    const value = tables(TABLE.agents).get(pageKey(id, number))
    const expected = Math.min(Math.max(rows - number * PAGE_ROWS, 0), PAGE_ROWS)
    if (value === undefined && expected === 0) break
    const before = object.rows.length
    if (value !== undefined) {
      object.storedPages = number
      beginRead(value)
      readAll(object, value)
    }
    const found = object.rows.length - before
    if (found === expected) continue
    isWhole = false
    misfits?.({ page: number, what: `it contains ${value === undefined ? 'none' : found} of ${expected} reports` })
  }
  if (!isWhole) dropRepeated(object)
  return object
}

/** Whether the object's rows are consistent; if not, all of them are written again. */
export const isSound = ({ rows, storedRows, storedPages }: HotObject): boolean =>
  rows.length === storedRows && storedPages === morePages(storedRows)

function readAll(object: HotObject, bytes: Buffer): void {
  while (readPosition() < bytes.length) {
    const row = readRow()
    if (row.agent !== '') object.rows.push(row)
  }
}

/** Keeps the latest report of each agent: a page that was left behind may contain an earlier one. */
export function dropRepeated(object: HotObject): void {
  const latest = new Map<string, Row>()
  for (const row of object.rows) {
    const known = latest.get(row.agent)
    if (known === undefined || known.at < row.at) latest.set(row.agent, row)
  }
  if (latest.size === object.rows.length) return
  object.rows.length = 0
  object.rows.push(...latest.values())
}
