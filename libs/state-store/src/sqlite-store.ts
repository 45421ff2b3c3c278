import Database from 'better-sqlite3'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { privateDatabase, privateDirectory } from '@quorate/log'
import { dirname } from 'node:path'
import { changelogKey, type Checkpoint, parseChangelogKey } from './changelog'
import { StoreError } from './errors'
import type { ChangelogEntry, PartitionStore, StoreOptions } from './partition-store'
import { SqliteTable } from './sqlite-table'
import type { Table, TableReader } from './table'

type Meta =
  'schemaVersion' | 'topicId' | 'changelog' | 'source' | 'time' | 'origin' | 'appliedAt' | 'loadedAt' | 'clean' | 'boot'

/**
 * The store of one partition: one SQLite file with the tables, the source offset, the time and the changelog position,
 * which are always written together. It can only be behind its changelog, never ahead (docs/architecture.md, "A task,
 * and the order of durability"), so a crash of the process needs no repair, and `synchronous=OFF` risks only what the
 * changelog has anyway.
 */
export class SqliteStore implements PartitionStore {
  /** Why an existing file was not kept; undefined when it was, or when there was none. */
  rebuilt: string | undefined
  private readonly tables = new Map<string, SqliteTable>()
  private position = 0
  private point: Checkpoint | undefined
  private open = true

  private constructor(
    private readonly db: Database.Database,
    options: StoreOptions,
  ) {
    for (const spec of options.tables) this.tables.set(spec.name, new SqliteTable(db, spec))
    this.position = Number(this.meta('changelog') ?? 0)
    this.point = readCheckpoint(db)
    this.setMeta('schemaVersion', options.schemaVersion)
    this.setMeta('topicId', options.topicId)
    this.setMeta('clean', 0)
    this.setMeta('boot', bootId())
  }

  /** What a file had applied that `open` would throw away because its changelog is another. */
  static left({ file, topicId }: StoreOptions): Checkpoint | undefined {
    if (file === ':memory:' || !existsSync(file)) return undefined
    let db: Database.Database | undefined
    try {
      db = new Database(file)
      db.pragma('locking_mode = EXCLUSIVE')
      return readMeta(db, 'topicId') === topicId ? undefined : readCheckpoint(db)
    } catch {
      return undefined // `open` says what is wrong with it
    } finally {
      db?.close()
    }
  }

  /**
   * Opens the file, or starts an empty one when it is missing, of another identity, or damaged (then `rebuilt` says
   * why).
   */
  static open(options: StoreOptions): SqliteStore {
    if (options.file === ':memory:') return new SqliteStore(connect(options.file), options)
    privateDirectory(dirname(options.file))
    const reason = unfit(options)
    if (reason !== undefined) removeFile(options.file)
    const db = connect(options.file)
    try {
      const store = new SqliteStore(db, options)
      store.rebuilt = reason
      return store
    } catch (error) {
      // On a full disk, say: left open it would keep its lock, and the next attempt would find the file taken.
      db.close()
      throw error
    }
  }

  /** Next changelog offset to apply. */
  get changelogPosition(): number {
    return this.position
  }

  /** When the bulk load that filled this file began, ms; 0: none did. What it read was in the changelog then. */
  get loadedAt(): number {
    return Number(this.meta('loadedAt') ?? 0)
  }

  /**
   * False: a bulk load was interrupted and left rows without the index of their due times. A bulk load that finishes
   * makes it.
   */
  get scheduled(): boolean {
    return [...this.tables.values()].every((table) => table.scheduled)
  }

  /**
   * Wall time at which the file held all that was in its changelog, ms, as last told to `apply` or `load`; 0: never
   * told. The checkpoint's time is no measure of it: a source may be quiet for days while other work is committed.
   */
  get appliedAt(): number {
    return Number(this.meta('appliedAt') ?? 0)
  }

  /** undefined: nothing has been applied yet. */
  get checkpoint(): Checkpoint | undefined {
    return this.point
  }

  /** The table as its processor sees it. */
  table(name: string): Table {
    return this.find(name)
  }

  /** Whether a record of the changelog is a row that this store keeps, or deletes one. */
  takes(key: string, value: Buffer | null): boolean {
    const place = parseChangelogKey(key)
    const table = place && this.tables.get(place.table)
    return table !== undefined && (value === null || (table.spec.fits?.(place!.key, value) ?? true))
  }

  /** Durable rows only. */
  committed(name: string): TableReader {
    if (!this.open) throw new StoreError('STORE_CLOSED', this.db.name)
    return this.find(name).committed
  }

  /** Number of rows staged since the last commit. */
  get stagedRows(): number {
    let rows = 0
    for (const table of this.tables.values()) rows += table.stagedRows
    return rows
  }

  /** The staged rows as changelog entries: the last value per key. */
  *changes(): IterableIterator<ChangelogEntry> {
    for (const [name, table] of this.tables)
      for (const [key, value] of table.changes()) yield { key: changelogKey(name, key), value }
  }

  /**
   * Writes what is staged with its checkpoint and changelog position: step 5 of a commit, which began `at`, ms of wall
   * time.
   */
  apply(checkpoint: Checkpoint, changelogPosition: number, at?: number): void {
    this.transaction(() => {
      for (const table of this.tables.values()) table.write()
      this.writePosition(changelogPosition, checkpoint, at)
    })
    this.rollback()
  }

  /** Drops what is staged. */
  rollback(): void {
    for (const table of this.tables.values()) table.reset()
  }

  /**
   * Loads restored entries, one per key, best in the order of their keys, with the position behind them. Entries of
   * tables that the topology no longer has are left out. `at`: when the changelog was asked, ms of wall time, where
   * this was all that it held.
   */
  load(entries: Iterable<ChangelogEntry>, changelogPosition: number, checkpoint?: Checkpoint, at?: number): void {
    this.transaction(() => {
      for (const { key, value } of entries) {
        const place = parseChangelogKey(key)
        if (place) this.tables.get(place.table)?.load(place.key, value)
      }
      this.writePosition(changelogPosition, checkpoint, at)
    })
    this.rollback()
  }

  /** Lets go of the file, also where it throws because the last write failed. */
  close(): void {
    if (!this.open) return
    this.open = false
    try {
      this.rollback()
      this.setMeta('clean', 1)
    } finally {
      this.db.close()
    }
  }

  get closed(): boolean {
    return !this.open
  }

  private find(name: string): SqliteTable {
    const table = this.tables.get(name)
    if (!table) throw new StoreError('STORE_UNKNOWN_TABLE', name)
    return table
  }

  private writePosition(changelogPosition: number, checkpoint: Checkpoint | undefined, at: number | undefined): void {
    this.setMeta('changelog', changelogPosition)
    if (at !== undefined) this.setMeta('appliedAt', at)
    if (checkpoint) {
      this.setMeta('source', checkpoint.source)
      this.setMeta('time', checkpoint.time)
      this.setMeta('origin', originOf(checkpoint))
      this.point = checkpoint
    }
    this.position = changelogPosition
  }

  private transaction(work: () => void): void {
    const before = { position: this.position, point: this.point }
    try {
      this.db.exec('BEGIN IMMEDIATE')
      work()
      this.db.exec('COMMIT')
    } catch (error) {
      if (this.db.inTransaction) this.db.exec('ROLLBACK')
      Object.assign(this, before)
      if ((error as { code?: string }).code === 'SQLITE_FULL')
        throw new StoreError('STORE_FULL', this.db.name, { cause: error })
      throw error
    }
  }

  private meta(key: Meta): string | undefined {
    return readMeta(this.db, key)
  }

  private writeMeta: Database.Statement<[string, string]> | undefined
  private setMeta(key: Meta, value: string | number): void {
    this.writeMeta ??= this.db.prepare('INSERT INTO meta(k, v) VALUES (?, ?) ON CONFLICT DO UPDATE SET v = excluded.v')
    this.writeMeta.run(key, String(value))
  }
}

function readCheckpoint(db: Database.Database): Checkpoint | undefined {
  const source = readMeta(db, 'source')
  if (source === undefined) return undefined
  const origin = JSON.parse(readMeta(db, 'origin') ?? '{}') as Pick<Checkpoint, 'topic' | 'epoch'>
  return { source: Number(source), time: Number(readMeta(db, 'time')), ...origin }
}

/** Which log the source offset counts in, as it is kept in the file. */
export const originOf = ({ topic, epoch }: Checkpoint): string => JSON.stringify({ topic, epoch })

/** How a partition's file is opened: by us alone; losing it costs a restore, so nothing waits for the disk. */
export const PRAGMAS: readonly string[] = [
  'locking_mode = EXCLUSIVE',
  'journal_mode = WAL',
  'synchronous = OFF',
  'wal_autocheckpoint = 4000',
  'cache_size = -32768',
  'temp_store = MEMORY',
]

function connect(file: string): Database.Database {
  if (file !== ':memory:') privateDatabase(file)
  const db = new Database(file)
  try {
    for (const pragma of PRAGMAS) db.pragma(pragma)
    db.exec('CREATE TABLE IF NOT EXISTS meta(k TEXT NOT NULL PRIMARY KEY, v TEXT NOT NULL) WITHOUT ROWID, STRICT')
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/**
 * Why an existing file cannot be kept. A machine that went down without a sync may leave a torn file, a killed process
 * may not.
 */
function unfit(options: StoreOptions): string | undefined {
  let db: Database.Database | undefined
  privateDatabase(options.file)
  try {
    db = new Database(options.file)
    db.pragma('locking_mode = EXCLUSIVE')
    if (!db.prepare(`SELECT 1 FROM sqlite_master WHERE name = 'meta'`).get()) return undefined
    const version = readMeta(db, 'schemaVersion')
    if (version !== String(options.schemaVersion))
      return `its rows have layout ${version}, this program's is ${options.schemaVersion}`
    if (readMeta(db, 'topicId') !== options.topicId) return 'its changelog has been created again'
    const killed = readMeta(db, 'clean') !== '1'
    if (killed && readMeta(db, 'boot') !== bootId() && db.pragma('quick_check', { simple: true }) !== 'ok')
      return 'the machine went down and the file is damaged'
    return undefined
  } catch (error) {
    if ((error as { code?: string }).code === 'SQLITE_BUSY')
      throw new StoreError('STORE_LOCKED', options.file, { cause: error })
    return `the file is damaged (${(error as Error).message})`
  } finally {
    db?.close()
  }
}

const readMeta = (db: Database.Database, key: Meta): string | undefined =>
  (db.prepare('SELECT v FROM meta WHERE k = ?').get(key) as { v: string } | undefined)?.v

/** Deletes a store's file and what SQLite keeps beside it. */
export function removeFile(file: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(file + suffix, { force: true })
}

/** Differs after every start of the machine; where there is none to be had, every unclean start is checked. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return `unknown at ${Date.now()}`
  }
}
