/** A row's key: any string; rows are ordered by its UTF-8 bytes. */
export type Key = string

/** A table of the store as its topology declares it. */
export interface TableSpec {
  /** Short, without `/`: it opens every changelog key. */
  readonly name: string
  /**
   * The schedule: when a row is due, in ms, told from its value alone; null = never. Used to rebuild the schedule after
   * a restore, which is why due times need no changelog entries. May be earlier than the true time, never later.
   */
  readonly dueOf?: (value: Buffer) => number | null
  /**
   * Whether it is a row of this table. Others can write into a changelog, too: what does not fit is left out when a
   * store is restored, and the key keeps what it had before. Absent: any bytes do.
   */
  readonly fits?: (key: Key, value: Buffer) => boolean
}

/** Reading rows, in the order of their keys' UTF-8 bytes. */
export interface TableReader {
  get(key: Key): Buffer | undefined
  /**
   * Rows with `from ≤ key` and, where given, `key < to`; `after` starts behind a key instead. Do not write while
   * iterating beyond what was yielded.
   */
  range(bounds?: RangeBounds): IterableIterator<Row>
  /** Rows whose key starts with `prefix`. */
  prefix(prefix: string): IterableIterator<Row>
}

export interface RangeBounds {
  readonly from?: Key
  readonly after?: Key
  readonly to?: Key
  readonly limit?: number
}

export interface Row {
  readonly key: Key
  readonly value: Buffer
}

export interface Due {
  readonly key: Key
  /** ms */
  readonly due: number
}

/**
 * A table of one partition as its processor sees it: reads see the staged writes; nothing is durable before the commit.
 */
export interface Table extends TableReader {
  put(key: Key, value: Buffer): void
  delete(key: Key): void
  /**
   * Sets when the row is due (null: never). Local and derived: no changelog entry. Deleting a row disarms it. Throws
   * where the spec has no `dueOf`.
   */
  arm(key: Key, due: number | null): void
  /** When the row is due as armed, or undefined. */
  dueOf(key: Key): number | undefined
  /** The earliest due row with `due ≤ until`, ties by key bytes; staged arms included. */
  firstDue(until?: number): Due | undefined
}
