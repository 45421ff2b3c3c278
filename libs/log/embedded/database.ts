import { closeSync, fdatasync, fsyncSync, openSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import Sqlite from 'better-sqlite3'
import { diskFault } from '../src/disk-fault'
import { LogError } from '../src/errors'
import { privateDatabase, privateDirectory } from '../src/private-files'

export type Connection = Sqlite.Database

const datasync = promisify(fdatasync)

const SCHEMA_VERSION = 1

/** Of 8 KiB. Copying these takes a few ms of the event loop. */
const WAL_PAGES = 500

/** One row of `run_<partition id>` per run (run.ts) comes on top, see partition.ts. */
const SCHEMA = `
  CREATE TABLE topic (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, uuid TEXT NOT NULL, partitions INTEGER NOT NULL,
    cleanup_policy TEXT NOT NULL, timestamp_type TEXT NOT NULL, retention_ms INTEGER NOT NULL,
    min_compaction_lag_ms INTEGER NOT NULL, delete_retention_ms INTEGER NOT NULL, max_message_bytes INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE partition (
    id INTEGER PRIMARY KEY, topic INTEGER NOT NULL, partition INTEGER NOT NULL,
    first INTEGER NOT NULL, next INTEGER NOT NULL, timestamp INTEGER NOT NULL,
    cleaned INTEGER NOT NULL, clean_bytes INTEGER NOT NULL, dirty_bytes INTEGER NOT NULL, horizon INTEGER,
    UNIQUE (topic, partition)
  ) STRICT;
  CREATE TABLE committed (
    group_id TEXT NOT NULL, topic TEXT NOT NULL, partition INTEGER NOT NULL, position INTEGER NOT NULL,
    PRIMARY KEY (group_id, topic, partition)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE identity (id TEXT PRIMARY KEY, epoch INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`

/** The SQLite file, and the one thing SQLite does not do for us: wait for the disk without holding the event loop. */
export class Database {
  private constructor(
    readonly connection: Connection,
    /** As the operator knows it. */
    readonly place: string,
    private readonly files: { readonly wal: number; readonly main: number } | undefined,
  ) {}

  /**
   * Rejects with LOG_LOCKED when another process (or another log of this one) has the file, LOG_CORRUPT when it is no
   * log.
   */
  static open(dir: string | undefined): Database {
    if (dir === undefined) return Database.memory()
    const path = join(resolve(dir), 'log.db')
    let connection: Connection | undefined
    try {
      privateDirectory(dir)
      privateDatabase(path)
      connection = new Sqlite(path, { timeout: 0 })
      // Exclusive before WAL: the lock is the kernel's on the file, it ends with the process, also by SIGKILL, and no
      // -shm is made.
      connection.pragma('locking_mode = EXCLUSIVE')
      connection.pragma('page_size = 8192')
      connection.pragma('journal_mode = WAL')
      connection.pragma('synchronous = NORMAL')
      connection.pragma('wal_autocheckpoint = 0')
      connection.pragma('cache_size = -32768')
      connection.transaction(() => prepareSchema(connection!, path)).immediate()
      // The file's name must be as durable as its content.
      const folder = openSync(dir, 'r')
      fsyncSync(folder)
      closeSync(folder)
      // Closing any descriptor of a file drops the process's POSIX locks on it: these stay open as long as the
      // connection.
      return new Database(connection, path, { wal: openSync(`${path}-wal`, 'r+'), main: openSync(path, 'r+') })
    } catch (error) {
      connection?.close()
      throw error instanceof LogError ? error : openingError(error, path)
    }
  }

  private static memory(): Database {
    const connection = new Sqlite(':memory:')
    prepareSchema(connection, ':memory:')
    return new Database(connection, 'memory', undefined)
  }

  get durable(): boolean {
    return this.files !== undefined
  }

  /**
   * Resolves when everything committed before is on the disk. WAL with synchronous=NORMAL writes a commit to the WAL
   * file and leaves out its fsync alone; this is that fsync, in the thread pool, so that the promise of
   * synchronous=FULL holds and the event loop runs.
   */
  async sync(): Promise<void> {
    if (this.files !== undefined) await datasync(this.files.wal)
  }

  /**
   * When the WAL is long, copies it into the main file. Nothing must be written until this resolves: SQLite begins the
   * WAL again with the next write, and by then the main file has to be on the disk. Its own fsync would hold the event
   * loop, so it is told to leave it out, for this alone; a crash meanwhile finds the WAL whole.
   */
  async checkpoint(): Promise<void> {
    if (this.files === undefined || this.pagesInWal() < WAL_PAGES) return
    this.connection.pragma('synchronous = OFF')
    this.connection.pragma('wal_checkpoint(PASSIVE)')
    this.connection.pragma('synchronous = NORMAL')
    await datasync(this.files.main)
  }

  close(): void {
    this.connection.close()
    if (this.files === undefined) return
    closeSync(this.files.wal)
    closeSync(this.files.main)
  }

  private pagesInWal(): number {
    const [state] = this.connection.pragma('wal_checkpoint(NOOP)') as { log: number; checkpointed: number }[]
    return state!.log - state!.checkpointed
  }
}

function prepareSchema(connection: Connection, path: string): void {
  const version = connection.pragma('user_version', { simple: true })
  if (version === 0) {
    connection.exec(SCHEMA)
    connection.pragma(`user_version = ${SCHEMA_VERSION}`)
  } else if (version !== SCHEMA_VERSION) {
    throw new LogError(
      'LOG_CORRUPT',
      `${path} has layout ${String(version)}, this version knows ${SCHEMA_VERSION}; nothing was changed. ` +
        'Start the version that wrote it, or move the data directory away.',
    )
  }
}

function openingError(cause: unknown, path: string): LogError {
  const code = sqliteCode(cause)
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return new LogError(
      'LOG_LOCKED',
      `${path} is open elsewhere; nothing was read or changed. ` +
        'Stop the other process (it may still be ending), or give this one a data directory of its own (QUORATE_DATA_DIR).',
      { cause },
    )
  }
  if (code.startsWith('SQLITE_NOTADB') || code.startsWith('SQLITE_CORRUPT')) {
    return new LogError(
      'LOG_CORRUPT',
      `${path} is no log or is damaged; nothing was changed. Restore it from a backup or move the data directory away.`,
      { cause },
    )
  }
  const { what, advice } = diskFault(cause, path, 'file')
  return new LogError('LOG_UNAVAILABLE', `${path} ${what}; nothing was changed. ${advice}`, { cause })
}

/** A failed write as the port's error: nothing of the transaction was done. */
export function writingError(cause: unknown, place: string): LogError {
  if (cause instanceof LogError) return cause
  const code = sqliteCode(cause)
  if (code.startsWith('SQLITE_CORRUPT') || code.startsWith('SQLITE_NOTADB')) {
    return new LogError('LOG_CORRUPT', `${place} is damaged; nothing was written. Restore it from a backup.`, { cause })
  }
  const advice = code.startsWith('SQLITE_FULL') ? 'The disk is full: free some space.' : 'Look at the disk.'
  return new LogError('LOG_UNAVAILABLE', `${place}: ${messageOf(cause)}; nothing was written. ${advice}`, { cause })
}

/**
 * By its shape: where modules are loaded more than once (Jest), the binding keeps the first SqliteError class it was
 * given.
 */
function sqliteCode(error: unknown): string {
  const { code } = Object(error) as { code?: unknown }
  return typeof code === 'string' ? code : ''
}

function messageOf(error: unknown): string {
  const { message } = Object(error) as { message?: unknown }
  return typeof message === 'string' ? message : String(error)
}
