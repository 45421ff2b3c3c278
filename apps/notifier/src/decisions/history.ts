import { RETENTION_MS } from '../rows/due'
import { pageKey } from '../rows/keys'
import { idOf, pageOf, type RecordRef, refOf } from './record-ref'
import { decisionPageRow } from '../rows/packed-rows'
import type { DeliveryRow } from '../rows/rows'
import type { Tables } from '../rows/tables'

/** Decisions of one page: more make its rewriting at an outcome dearer, fewer make more rows. */
const DECISIONS_PER_PAGE = 16
/** Pages kept decoded: outcomes come soon after their decisions. */
const MAX_CACHED_PAGES = 160

interface CachedPage {
  readonly rows: DeliveryRow[]
  changed: boolean
}

/**
 * The decisions of one task, packed: those of one moment share pages, each a row. Pages are written when the batch is
 * sealed.
 */
export class History {
  private readonly pages = new Map<string, CachedPage>()
  private open: { readonly key: string; readonly at: number; readonly number: number } | undefined

  add(tables: Tables, row: DeliveryRow): RecordRef {
    const { key, page } = this.pageAt(tables, row.decidedAt)
    page.rows.push(row)
    page.changed = true
    return refOf(key, row.id)
  }

  /** Does nothing where the decision has been forgotten. */
  change(tables: Tables, ref: RecordRef, change: (row: DeliveryRow) => DeliveryRow | undefined): void {
    const page = this.read(tables, pageOf(ref))
    const id = idOf(ref)
    const i = page?.rows.findIndex((row) => row.id === id) ?? -1
    if (!page || i < 0) return
    const changed = change(page.rows[i]!)
    if (changed) page.rows[i] = changed
    else page.rows.splice(i, 1)
    page.changed = true
  }

  forget(tables: Tables, key: string): void {
    this.pages.delete(key)
    tables.table('history').delete(key)
  }

  /** Writes the pages that have changed; false: there were none. */
  flush(tables: Tables): boolean {
    let changed = false
    const table = tables.table('history')
    for (const [key, page] of this.pages) {
      if (!page.changed) continue
      page.changed = false
      changed = true
      if (page.rows.length === 0) {
        this.forget(tables, key)
        continue
      }
      const forgetAt = forgetAtOf(page.rows)
      table.put(key, decisionPageRow.encode({ forgetAt, rows: page.rows }))
      if (forgetAt !== null) table.arm(key, forgetAt)
    }
    // A batch has its pages for itself: nothing is added to one that readers see.
    this.open = undefined
    for (const key of this.pages.keys()) {
      if (this.pages.size <= MAX_CACHED_PAGES) break
      this.pages.delete(key)
    }
    return changed
  }

  /** The page for a decision of this moment that is being filled. */
  private pageAt(tables: Tables, at: number): { key: string; page: CachedPage } {
    const { open } = this
    const page = open?.at === at ? this.pages.get(open.key) : undefined
    if (open && page && page.rows.length < DECISIONS_PER_PAGE) return { key: open.key, page }
    let number = open?.at === at ? open.number + 1 : 0
    while (this.read(tables, pageKey(at, number))) number++
    const key = pageKey(at, number)
    const fresh: CachedPage = { rows: [], changed: true }
    this.pages.set(key, fresh)
    this.open = { key, at, number }
    return { key, page: fresh }
  }

  private read(tables: Tables, key: string): CachedPage | undefined {
    const known = this.pages.get(key)
    if (known) return known
    const bytes = tables.table('history').get(key)
    if (!bytes) return undefined
    const page: CachedPage = { rows: [...decisionPageRow.decode(bytes).rows], changed: false }
    this.pages.set(key, page)
    return page
  }
}

/** A page goes when the last of its decisions may; null while one is not settled. */
function forgetAtOf(rows: readonly DeliveryRow[]): number | null {
  let last = 0
  for (const { forgetAt } of rows) {
    if (forgetAt === null) return null
    last = Math.max(last, forgetAt)
  }
  return last
}

/** When a record that is settled now may be forgotten. */
export const forgetAfter = (now: number): number => now + RETENTION_MS
