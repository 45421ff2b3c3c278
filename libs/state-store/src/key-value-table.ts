import {
  type DamagedBatch,
  describeDamage,
  type Log,
  LogError,
  type Logger,
  type LogRecord,
  partitionOf,
  silentLogger,
} from '@quorate/log'
import { jsonCodec, type ValueCodec } from './key-value-table-codec'
import { PartitionFollower } from './partition-follower'
import { compareUtf8 } from './utf8-order'

/** One change of a key-value table: `value` undefined = deleted. */
export interface KeyValueChange<V> {
  readonly key: string
  readonly value: V | undefined
  readonly partition: number
  readonly offset: number
}

export interface KeyValueTableOptions<V> {
  readonly log: Log
  /** A compacted topic; all its partitions are read. */
  readonly topic: string
  /** JSON by default. */
  readonly codec?: ValueCodec<V>
  readonly logger?: Logger
  /**
   * Told of every record in log order, those read at the start included. What it throws is logged, and stops nothing.
   */
  readonly onChange?: (change: KeyValueChange<V>) => void
  /** Told when following the topic fails or fails otherwise, and with undefined when it goes on. */
  readonly onFailure?: (failure: Error | undefined) => void
  /** ms that opening and writing wait while nothing more can be read; 30,000 by default. */
  readonly patienceMs?: number
}

const PATIENCE = 30_000
/** Records, and bytes, of one append. */
const MOST_AT_ONCE = 500
const MOST_BYTES_AT_ONCE = 256 * 1024

/**
 * A whole copy of a compacted topic in this process (docs/architecture.md, "Settings"): read from the beginning at the
 * start, tombstones remove, writes go through the log and resolve once they have come back, so the writer reads what it
 * wrote. Keys are UTF-8. They choose the partition as in Kafka's default partitioner (murmur2).
 *
 * What it leaves out: transactions over several keys, and a copy on disk: it is for settings, not for millions of rows.
 */
export class KeyValueTable<V> {
  /** Records skipped because they could not be decoded. */
  undecodable = 0
  private readonly values = new Map<string, V>()
  private readonly watchers = new Set<(change: KeyValueChange<V>) => void>()
  /** By partition. */
  private readonly followers: PartitionFollower[] = []
  private moved: { promise: Promise<void>; resolve: () => void } = gate()
  private closed = false
  private toldFailure: string | undefined

  private constructor(
    private readonly options: KeyValueTableOptions<V>,
    private readonly codec: ValueCodec<V>,
  ) {
    if (options.onChange) this.watchers.add(options.onChange)
  }

  /**
   * Resolves when everything that was in the topic at the call has been read.
   * @throws LogError LOG_UNAVAILABLE when reading does not go on, or what the log refuses it with
   */
  static async open<V>(options: KeyValueTableOptions<V>): Promise<KeyValueTable<V>> {
    const table = new KeyValueTable(options, options.codec ?? jsonCodec<V>())
    const offsets = await options.log.offsets(options.topic)
    for (const { partition, start } of offsets) table.follow(partition, start)
    try {
      await Promise.all(
        offsets.map(async ({ partition, end }) => {
          const follower = table.followers[partition]!
          if (await table.reached(follower, end, () => follower.failure !== undefined)) return
          if (follower.failure) throw follower.failure
          const place = `${options.topic}/${partition}`
          throw new LogError('LOG_UNAVAILABLE', `${place} could not be read to its end, ${end}, and nothing more came`)
        }),
      )
    } catch (error) {
      await table.close()
      throw error
    }
    return table
  }

  get(key: string): V | undefined {
    return this.values.get(key)
  }

  has(key: string): boolean {
    return this.values.has(key)
  }

  get size(): number {
    return this.values.size
  }

  /** In the order of the keys' UTF-8 bytes. */
  *entries(): IterableIterator<[key: string, value: V]> {
    for (const key of [...this.values.keys()].sort(compareUtf8)) {
      const value = this.values.get(key)
      if (value !== undefined) yield [key, value]
    }
  }

  /**
   * @throws LogError LOG_OUTCOME_UNKNOWN when it is in the log and does not come back; otherwise nothing was written,
   * as with LOG_UNAVAILABLE where the topic cannot be read just now
   */
  async put(key: string, value: V): Promise<void> {
    await this.write([[key, this.codec.encode(value)]])
  }

  /** Likewise, several in their order, undefined deletes: what is before one that fails is written. */
  async putAll(entries: readonly (readonly [key: string, value: V | undefined])[]): Promise<void> {
    let [some, bytes]: [[string, Buffer | null][], number] = [[], 0]
    for (const [key, value] of entries) {
      const encoded = value === undefined ? null : this.codec.encode(value)
      const size = key.length + (encoded?.length ?? 0)
      if (some.length === MOST_AT_ONCE || (some.length > 0 && bytes + size > MOST_BYTES_AT_ONCE)) {
        await this.write(some)
        ;[some, bytes] = [[], 0]
      }
      some.push([key, encoded])
      bytes += size
    }
    if (some.length > 0) await this.write(some)
  }

  /** Likewise. */
  async delete(key: string): Promise<void> {
    await this.write([[key, null]])
  }

  /** Called for every change from now on, in the order of the log; returns the way to stop. */
  watch(listener: (change: KeyValueChange<V>) => void): () => void {
    this.watchers.add(listener)
    return () => this.watchers.delete(listener)
  }

  /**
   * Resolves when all that was in the topic at the call has been read; false where reading does not go on for so many
   * ms, or fails.
   */
  async caughtUp(patienceMs?: number): Promise<boolean> {
    try {
      const offsets = await this.options.log.offsets(this.options.topic)
      const reached = offsets.map(({ partition, end }) => {
        const follower = this.followers[partition]!
        return this.reached(follower, end, () => follower.failure !== undefined, patienceMs)
      })
      return (await Promise.all(reached)).every(Boolean)
    } catch {
      return false
    }
  }

  async close(): Promise<void> {
    this.closed = true
    await Promise.all(this.followers.map((follower) => follower.close()))
    this.announce()
  }

  private async write(entries: readonly (readonly [key: string, value: Buffer | null])[]): Promise<void> {
    const { log, topic } = this.options
    const records = entries.map(([key, value]) => ({
      topic,
      partition: partitionOf(key, this.followers.length),
      key,
      value,
    }))
    for (const { partition } of records) {
      const { failure } = this.followers[partition]!
      if (failure && !this.closed)
        throw new LogError('LOG_UNAVAILABLE', `${topic}/${partition} cannot be read just now; nothing was written`, {
          cause: failure,
        })
    }
    const positions = await log.append(records)
    for (const [i, { key, partition }] of records.entries()) {
      const { offset } = positions[i]!
      if (await this.reached(this.followers[partition]!, offset + 1)) continue
      throw new LogError(
        'LOG_OUTCOME_UNKNOWN',
        `${JSON.stringify(key)} was appended to ${topic}/${partition} at ${offset} and could not be read back. Nothing is lost: read it before you write it again`,
      )
    }
  }

  private follow(partition: number, from: number): void {
    const { log, topic, logger = silentLogger } = this.options
    const onMoved = (): void => {
      this.announce()
      this.tellFailure()
    }
    const onRecords = (records: readonly LogRecord[]): void => {
      for (const { key, value, offset, damaged } of records)
        if (key !== null) this.take(partition, offset, key.toString('utf8'), value)
        else if (damaged) this.passOver(partition, damaged)
    }
    this.followers[partition] = new PartitionFollower({ log, topic, partition, from, logger, onRecords, onMoved })
  }

  private take(partition: number, offset: number, key: string, bytes: Buffer | null): void {
    let value: V | undefined
    try {
      value = bytes === null ? undefined : this.codec.decode(bytes, key)
    } catch (error) {
      this.undecodable++
      const { topic, logger = silentLogger } = this.options
      logger.warn(
        { topic, partition, offset, key, reason: (error as Error).message },
        'skipped a record that is no value; what the key had before stays',
      )
      return
    }
    if (value === undefined) this.values.delete(key)
    else this.values.set(key, value)
    for (const watcher of this.watchers) this.tell(watcher, { key, value, partition, offset })
  }

  /** What one watcher makes of a record stops neither the others nor the table: it would be read again for ever. */
  private tell(watcher: (change: KeyValueChange<V>) => void, change: KeyValueChange<V>): void {
    try {
      watcher(change)
    } catch (error) {
      const { topic, logger = silentLogger } = this.options
      const { key, partition, offset } = change
      logger.error(
        { err: error, topic, partition, offset, key },
        'a record of a key-value table could not be put in force; the table goes on',
      )
    }
  }

  private passOver(partition: number, damaged: DamagedBatch): void {
    this.undecodable++
    const { topic, logger = silentLogger } = this.options
    logger.error(
      { topic, partition, offset: damaged.first, reason: describeDamage(damaged) },
      'skipped records that cannot be read; what was in them is not known, and what their keys had before stays',
    )
  }

  /** False when reading has not gone on for as long as one waits, or `inVain` says so. */
  private async reached(
    follower: PartitionFollower,
    position: number,
    inVain = () => false,
    patienceMs = this.options.patienceMs ?? PATIENCE,
  ): Promise<boolean> {
    const { topic } = this.options
    for (let [at, until] = [-1, 0]; follower.position < position;) {
      if (this.closed) throw new LogError('LOG_CLOSED', `the key-value table on ${topic}`)
      if (inVain()) return false
      if (follower.position > at) [at, until] = [follower.position, performance.now() + patienceMs]
      const left = until - performance.now()
      if (left <= 0) return false
      await this.move(left)
    }
    return true
  }

  /** Resolves when something was read, or after so many ms. */
  private move(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)))
    return Promise.race([this.moved.promise, late]).finally(() => clearTimeout(timer))
  }

  private tellFailure(): void {
    const { onFailure } = this.options
    if (onFailure === undefined || this.closed) return
    const failure = this.followers.find((it) => it.failure !== undefined)?.failure
    if (failure?.message === this.toldFailure) return
    this.toldFailure = failure?.message
    onFailure(failure)
  }

  private announce(): void {
    const { resolve } = this.moved
    this.moved = gate()
    resolve()
  }
}

function gate(): { promise: Promise<void>; resolve: () => void } {
  let resolve!: () => void
  const promise = new Promise<void>((done) => (resolve = done))
  return { promise, resolve }
}
