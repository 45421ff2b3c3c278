import type { Database, Statement } from 'better-sqlite3'
import { Schedule } from './schedule'
import { rowsOf, scheduleSql } from './schedule-sql'
import type { Due, Key, RangeBounds, Row, Table, TableReader, TableSpec } from './table'
import { afterPrefix, compareUtf8 } from './utf8-order'

const PAGE = 512

/**
 * One table of a partition: rows in SQLite, under the writes staged since the last commit. Keys are TEXT with the
 * BINARY collation, which orders by UTF-8 bytes.
 */
export class SqliteTable implements Table {
  /** Durable rows only: what queries read. */
  readonly committed: TableReader
  private readonly staged = new Map<Key, Buffer | null>()
  private readonly schedule: Schedule
  private readonly sql: Statements

  constructor(
    db: Database,
    readonly spec: TableSpec,
  ) {
    this.sql = new Statements(db, spec.name)
    this.schedule = new Schedule((after, limit) => this.sql.duePage(after, limit))
    this.committed = {
      get: (key) => this.sql.get(key),
      range: (bounds) => this.sql.rows(bounds ?? {}),
      prefix: (prefix) => this.sql.rows(prefixBounds(prefix)),
    }
  }

  get(key: Key): Buffer | undefined {
    const staged = this.staged.get(key)
    return staged === undefined ? this.sql.get(key) : (staged ?? undefined)
  }

  put(key: Key, value: Buffer): void {
    this.staged.set(key, value)
  }

  delete(key: Key): void {
    this.staged.set(key, null)
    if (this.spec.dueOf) this.schedule.arm(key, null)
  }

  arm(key: Key, due: number | null): void {
    // Without `dueOf` the schedule would be gone after a restore.
    if (!this.spec.dueOf) throw new Error(`table ${this.spec.name} has no schedule: its topology declares no dueOf`)
    this.schedule.arm(key, due)
  }

  dueOf(key: Key): number | undefined {
    const staged = this.schedule.stagedDue(key)
    return staged === undefined ? this.sql.due(key) : (staged ?? undefined)
  }

  firstDue(until = Infinity): Due | undefined {
    return this.schedule.first(until)
  }

  prefix(prefix: string): IterableIterator<Row> {
    return this.range(prefixBounds(prefix))
  }

  *range(bounds: RangeBounds = {}): IterableIterator<Row> {
    const { limit = Infinity, ...place } = bounds
    let left = limit
    for (const row of this.merged(place)) {
      if (left-- <= 0) return
      yield row
    }
  }

  /** Whether due times have their index; without it they are found by reading all rows. */
  get scheduled(): boolean {
    return this.sql.scheduled
  }

  /** Number of staged rows, a measure of the batch. */
  get stagedRows(): number {
    return this.staged.size
  }

  /** Last value per key since the last commit; null = deleted. */
  changes(): ReadonlyMap<Key, Buffer | null> {
    return this.staged
  }

  /** Writes the staged rows and arms; called inside the store's transaction. */
  write(): void {
    const arms = this.schedule.changes()
    // In the order of the keys, or nearly (JavaScript's order serves): neighbours share pages, a tenth of the cost of a
    // large batch.
    for (const key of [...this.staged.keys()].sort()) {
      const value = this.staged.get(key)!
      const due = arms.get(key)
      if (value === null) this.sql.remove(key)
      else if (due === undefined) this.sql.upsert(key, value)
      else this.sql.upsertDue(key, value, due)
    }
    for (const [key, due] of arms) if (!this.staged.has(key)) this.sql.setDue(key, due)
  }

  /** One restored row, its due time told from its value; null = gone. Inside the store's transaction. */
  load(key: Key, value: Buffer | null): void {
    if (value === null) this.sql.remove(key)
    else if (this.spec.dueOf) this.sql.upsertDue(key, value, this.spec.dueOf(value))
    else this.sql.upsert(key, value)
    this.schedule.reread()
  }

  /** Forgets what is staged, written or not. */
  reset(): void {
    this.staged.clear()
    this.schedule.reset()
  }

  private *merged(bounds: Omit<RangeBounds, 'limit'>): IterableIterator<Row> {
    const within = (key: Key): boolean =>
      (bounds.from === undefined || compareUtf8(key, bounds.from) >= 0) &&
      (bounds.after === undefined || compareUtf8(key, bounds.after) > 0) &&
      (bounds.to === undefined || compareUtf8(key, bounds.to) < 0)
    const staged = [...this.staged.keys()].filter(within).sort(compareUtf8)
    let i = 0
    for (const row of this.sql.rows(bounds)) {
      for (; i < staged.length && compareUtf8(staged[i]!, row.key) < 0; i++) yield* this.stagedRow(staged[i]!)
      if (staged[i] === row.key) i++
      if (this.staged.has(row.key)) yield* this.stagedRow(row.key)
      else yield row
    }
    for (; i < staged.length; i++) yield* this.stagedRow(staged[i]!)
  }

  private *stagedRow(key: Key): IterableIterator<Row> {
    const value = this.staged.get(key)
    if (value) yield { key, value }
  }
}

const prefixBounds = (prefix: string): RangeBounds => {
  const to = afterPrefix(prefix)
  return to === undefined ? { from: prefix } : { from: prefix, to }
}

/** The prepared statements of one table. */
class Statements {
  readonly scheduled: boolean
  private readonly selectValue: Statement<[Key], Buffer>
  private readonly selectDue: Statement<[Key], number | null>
  private readonly selectDuePage: Statement<[number, number, Key, number], Due>
  private readonly insertValue: Statement<[Key, Buffer]>
  private readonly insertDue: Statement<[Key, Buffer, number | null]>
  private readonly updateDue: Statement<[number | null, Key]>
  private readonly deleteRow: Statement<[Key]>
  private readonly selectFrom: Statement<[Key, number], Row>
  private readonly selectAfter: Statement<[Key, number], Row>

  constructor(db: Database, name: string) {
    const table = rowsOf(name)
    db.exec(
      `CREATE TABLE IF NOT EXISTS ${table}(k TEXT NOT NULL PRIMARY KEY, v BLOB NOT NULL, due INTEGER) WITHOUT ROWID, STRICT`,
    )
    this.scheduled = schedule(db, name)
    this.selectValue = db.prepare<[Key], Buffer>(`SELECT v FROM ${table} WHERE k = ?`).pluck()
    this.selectDue = db.prepare<[Key], number | null>(`SELECT due FROM ${table} WHERE k = ?`).pluck()
    this.selectDuePage = db.prepare(
      `SELECT k AS key, due FROM ${table} WHERE due IS NOT NULL AND due >= ? AND (due, k) > (?, ?) ORDER BY due, k LIMIT ?`,
    )
    this.insertValue = db.prepare(`INSERT INTO ${table}(k, v) VALUES (?, ?) ON CONFLICT DO UPDATE SET v = excluded.v`)
    // Setting `due` rewrites its index entry even when it is what it was: refreshes of a report go by the statement
    // above.
    this.insertDue = db.prepare(
      `INSERT INTO ${table}(k, v, due) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET v = excluded.v, due = excluded.due`,
    )
    this.updateDue = db.prepare(`UPDATE ${table} SET due = ? WHERE k = ?`)
    this.deleteRow = db.prepare(`DELETE FROM ${table} WHERE k = ?`)
    this.selectFrom = db.prepare(`SELECT k AS key, v AS value FROM ${table} WHERE k >= ? ORDER BY k LIMIT ?`)
    this.selectAfter = db.prepare(`SELECT k AS key, v AS value FROM ${table} WHERE k > ? ORDER BY k LIMIT ?`)
  }

  get(key: Key): Buffer | undefined {
    return this.selectValue.get(key)
  }

  due(key: Key): number | undefined {
    return this.selectDue.get(key) ?? undefined
  }

  duePage(after: Due | undefined, limit: number): Due[] {
    return after
      ? this.selectDuePage.all(after.due, after.due, after.key, limit)
      : this.selectDuePage.all(Number.MIN_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, '', limit)
  }

  upsert(key: Key, value: Buffer): void {
    this.insertValue.run(key, value)
  }

  upsertDue(key: Key, value: Buffer, due: number | null): void {
    this.insertDue.run(key, value, due)
  }

  setDue(key: Key, due: number | null): void {
    this.updateDue.run(due, key)
  }

  remove(key: Key): void {
    this.deleteRow.run(key)
  }

  /** A page at a time: an open cursor would lock the connection against every other statement. */
  *rows(bounds: RangeBounds): IterableIterator<Row> {
    let left = bounds.limit ?? Infinity
    let page =
      bounds.after !== undefined && (bounds.from === undefined || compareUtf8(bounds.after, bounds.from) >= 0)
        ? this.selectAfter.all(bounds.after, Math.min(left, PAGE))
        : this.selectFrom.all(bounds.from ?? '', Math.min(left, PAGE))
    while (page.length > 0) {
      for (const row of page) {
        if (left-- <= 0 || (bounds.to !== undefined && compareUtf8(row.key, bounds.to) >= 0)) return
        yield row
      }
      page = left > 0 && page.length === PAGE ? this.selectAfter.all(page.at(-1)!.key, Math.min(left, PAGE)) : []
    }
  }
}

/**
 * Makes the index of due times where there are no rows yet. Where a bulk load was interrupted there may be millions
 * without it: to sort them here would hold up the event loop, so that is left to the thread that ends the load.
 */
function schedule(db: Database, name: string): boolean {
  const { exists, create } = scheduleSql(name)
  if (db.prepare(exists).get()) return true
  if (db.prepare(`SELECT 1 FROM ${rowsOf(name)} LIMIT 1`).get()) return false
  db.exec(create)
  return true
}
