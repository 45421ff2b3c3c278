/** One change of a key-value table: `value` undefined = deleted. */
export interface KeyValueChange<V> {
  readonly key: string
  readonly value: V | undefined
  readonly offset: number
}

/**
 * A whole copy of a compacted one- or many-partition topic in this process (design.md, "Settings"): read from the beginning at start,
 * tombstones remove, writes go through the log and resolve once they are visible here.
 */
export interface KeyValueTable<V> {
  get(key: string): V | undefined
  has(key: string): boolean
  entries(): IterableIterator<[key: string, value: V]>
  readonly size: number
  put(key: string, value: V): Promise<void>
  delete(key: string): Promise<void>
  /** Called for every change from now on, in log order; returns the way to stop. */
  watch(listener: (change: KeyValueChange<V>) => void): () => void
  close(): Promise<void>
}

export interface ValueCodec<V> {
  encode(value: V): Buffer
  /** Throws for bytes that are no value; such a record is skipped and counted. */
  decode(bytes: Buffer): V
}
