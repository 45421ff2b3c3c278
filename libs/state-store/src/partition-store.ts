import type { Checkpoint } from './changelog'
import type { RawEntry } from './packed-entries'
import type { Table, TableReader, TableSpec } from './table'

/** What must be equal for a file to be kept. */
export interface StoreIdentity {
  readonly schemaVersion: number
  /** Of the changelog: another id means that the changelog was created again. */
  readonly topicId: string
}

export interface StoreOptions extends StoreIdentity {
  /** Path of the file, or `:memory:`. */
  readonly file: string
  readonly tables: readonly TableSpec[]
}

/** One row of the changelog; value null = gone. */
export interface ChangelogEntry {
  readonly key: string
  readonly value: Buffer | null
}

/**
 * The store of one partition: its tables, the source offset, the time and the changelog position, always written
 * together. So it can only be behind its changelog, never ahead, and a crash of the process needs no repair.
 * `partition-store.conformance.ts` tests what must hold.
 */
export interface PartitionStore {
  /** Why an existing file was not kept; undefined when it was, or when there was none. */
  readonly rebuilt: string | undefined
  readonly closed: boolean
  /** Next changelog offset to apply. */
  readonly changelogPosition: number
  /** undefined: nothing has been applied yet. */
  readonly checkpoint: Checkpoint | undefined
  /**
   * Wall time at which the file held all that was in its changelog, ms, as last told to `apply` or `load`; 0: never
   * told. The checkpoint's time does not measure this: a source may be quiet for days while other work is committed.
   */
  readonly appliedAt: number
  /** When the bulk load that filled this file began, ms; 0: none did. What it read was in the changelog then. */
  readonly loadedAt: number
  /**
   * False: a bulk load was interrupted and left rows without the index of their due times. The next one that finishes
   * makes it.
   */
  readonly scheduled: boolean
  /** Number of rows staged since the last commit. */
  readonly stagedRows: number

  /** The table as its processor sees it, staged rows included. */
  table(name: string): Table
  /** Durable rows only. @throws StoreError STORE_CLOSED, STORE_UNKNOWN_TABLE */
  committed(name: string): TableReader
  /** Whether a record of the changelog is a row that this store keeps, or deletes one. */
  takes(key: string, value: Buffer | null): boolean
  /** The staged rows as changelog entries: the last value per key. */
  changes(): IterableIterator<ChangelogEntry>
  /**
   * Writes what is staged with its checkpoint and changelog position, all or nothing: step 5 of a commit, which began
   * `at`, ms of wall time.
   * @throws StoreError STORE_FULL
   */
  apply(checkpoint: Checkpoint, changelogPosition: number, at?: number): void
  /** Drops what is staged. */
  rollback(): void
  /**
   * Loads restored entries, one per key, best in the order of their keys, with the position behind them. Entries of
   * tables that the topology no longer has are left out. `at`: when the changelog was asked, ms of wall time, where
   * this was all that it held.
   */
  load(entries: Iterable<ChangelogEntry>, changelogPosition: number, checkpoint?: Checkpoint, at?: number): void
  /** Releases the file, also where it throws because the last write failed. */
  close(): void
}

export interface BulkOptions extends StoreOptions {
  /**
   * Wall time at which the reading began, ms: kept in a file that was empty then, and says whether tombstones may have
   * passed it by.
   */
  readonly startedAt: number
  /** Told of entries that are no rows of their table; they are left out. */
  readonly onForeign?: (key: string, offset: number) => void
}

/** A load in progress. */
export interface BulkEntries {
  /**
   * Takes entries in the log's order, with the position behind them; resolves when there is room for more. Rejects with
   * STORE_FULL.
   */
  add(entries: readonly RawEntry[], position: number): Promise<void>
}

/** Loads files that are closed, beside the event loop. */
export interface BulkLoader {
  /**
   * Runs `work` with a load into `options.file`. Whatever ends it, the file is closed then, and what was written has
   * its position.
   */
  load(options: BulkOptions, work: (load: BulkEntries) => Promise<void>): Promise<void>
  close(): Promise<void>
}

/** What a kind of store offers to the tasks of a process. */
export interface PartitionStores {
  /**
   * Opens the file, or starts an empty one when it is missing, of another identity, or damaged (then `rebuilt` says
   * why).
   */
  open(options: StoreOptions): PartitionStore
  /** What a file had applied that `open` would throw away because its changelog is another. */
  left(options: StoreOptions): Checkpoint | undefined
  /** Deletes a file that is closed. */
  remove(file: string): void
  /** Whether this error says that a file is damaged, whichever call met it. */
  isDamage(error: unknown): boolean
  /**
   * Changelog positions of the files `<partition>.db` in a folder that this program and topic could go on with; none of
   * them open.
   */
  positions(directory: string, identity: StoreIdentity): Map<number, number>
  loader(): BulkLoader
}
