import { LogError } from '../src/errors'
import type { Offset } from '../src/record'
import { writingError, type Database } from './database'
import type { Partition } from './partition'
import { RUN_BYTES, type Chunk } from './run'
import { nextTurn } from './turns'

/**
 * Something to be written with whatever else is waiting. Everything that can be refused has been, before it gets here.
 */
export interface Entry {
  readonly writes: readonly PartitionWrite[]
  /** More SQL in the same transaction, after the records. */
  readonly also?: (() => void) | undefined
  /** Once durable, before the promise resolves: make it visible in memory. */
  readonly done?: (() => void) | undefined
}

export interface PartitionWrite {
  readonly partition: Partition
  chunks: readonly Chunk[]
  count: number
  /** Offset of its first record, given when written. */
  first: Offset
}

interface Waiting extends Entry {
  resolve(): void
  reject(error: LogError): void
}

/**
 * Group commit: what came in while the disk was busy, or within one turn of the event loop, shares one transaction and
 * one fsync. First come, first written; a promise resolves only once its entry is on the disk.
 */
export class Journal {
  private queue: Waiting[] = []
  private flushing: Promise<void> | undefined
  private broken: LogError | undefined
  private closed = false

  constructor(
    private readonly database: Database,
    private readonly now: () => number,
  ) {}

  write(entry: Entry): Promise<void> {
    if (this.closed) return Promise.reject(new LogError('LOG_CLOSED', 'nothing was written.'))
    if (this.broken) return Promise.reject(this.broken)
    return new Promise((resolve, reject) => {
      this.queue.push({ ...entry, resolve, reject })
      this.flushing ??= this.run()
    })
  }

  /** Resolves when everything asked for before is durable and visible, or has failed. */
  async settled(): Promise<void> {
    if (this.flushing) await this.write({ writes: [] })
  }

  /** Writes what is waiting and takes nothing more. */
  async close(): Promise<void> {
    this.closed = true
    await this.flushing
  }

  private async run(): Promise<void> {
    while (this.queue.length > 0) {
      // Takes in what the rest of this turn asks for, and leaves the others a turn when one writes in a loop.
      await nextTurn()
      const group = this.queue
      this.queue = []
      await this.flush(group)
    }
    // In the same turn as the check, so that no entry falls between.
    this.flushing = undefined
  }

  private async flush(group: readonly Waiting[]): Promise<void> {
    const touched = new Set<Partition>()
    const before = this.broken
    if (before) return group.forEach((entry) => entry.reject(before))
    let written: boolean
    try {
      written = this.transact(group, touched)
    } catch (error) {
      for (const partition of touched) partition.next = partition.end
      const refusal = writingError(error, this.database.place)
      return group.forEach((entry) => entry.reject(refusal))
    }
    try {
      if (written) await this.database.sync()
    } catch (cause) {
      this.break(cause)
      const unknown = new LogError('LOG_OUTCOME_UNKNOWN', `${this.database.place} could not be synced to the disk.`, {
        cause,
      })
      return group.forEach((entry) => entry.reject(unknown))
    }
    for (const partition of touched) partition.publish()
    for (const entry of group) {
      entry.done?.()
      entry.resolve()
    }
    if (written) await this.database.checkpoint().catch((cause: unknown) => this.break(cause))
  }

  private transact(group: readonly Waiting[], touched: Set<Partition>): boolean {
    if (group.every((entry) => entry.writes.length === 0 && !entry.also)) return false
    this.database.connection
      .transaction(() => {
        const chunks = new Map<Partition, Chunk[]>()
        for (const entry of group) for (const write of entry.writes) place(write, chunks)
        for (const [partition, added] of chunks) {
          touched.add(partition)
          this.append(partition, added)
        }
        for (const entry of group) entry.also?.()
      })
      .immediate()
    return true
  }

  private append(partition: Partition, chunks: readonly Chunk[]): void {
    const timestamp = Math.max(Math.floor(this.now()), partition.timestamp)
    let base = partition.end
    for (const { bytes, count } of joined(chunks)) {
      partition.insert({ base, last: base + count - 1, timestamp, sparse: false, horizon: null, bytes })
      partition.dirtyBytes += bytes.length
      base += count
    }
    partition.next = base
    partition.timestamp = timestamp
    partition.saveEnd()
  }

  /**
   * A failed fsync tells nothing about what is on the disk, and a later one that succeeds does not either (the kernel
   * drops the dirty pages): go on with nothing, and let a start read the truth.
   */
  private break(cause: unknown): void {
    this.broken = new LogError(
      'LOG_UNAVAILABLE',
      `${this.database.place} could not be synced to the disk; nothing more is written. Look at the disk, then start again.`,
      { cause },
    )
  }
}

function place(write: PartitionWrite, chunks: Map<Partition, Chunk[]>): void {
  const { partition } = write
  let added = chunks.get(partition)
  if (!added) {
    chunks.set(partition, (added = []))
    partition.next = partition.end
  }
  write.first = partition.next
  partition.next += write.count
  added.push(...write.chunks)
}

/** Small neighbours as one. */
function* joined(chunks: readonly Chunk[]): Generator<Chunk> {
  let from = 0
  while (from < chunks.length) {
    let to = from
    let bytes = 0
    let count = 0
    do {
      bytes += chunks[to]!.bytes.length
      count += chunks[to]!.count
      to++
    } while (to < chunks.length && bytes + chunks[to]!.bytes.length <= RUN_BYTES)
    if (to - from === 1) yield chunks[from]!
    else
      yield {
        bytes: Buffer.concat(
          chunks.slice(from, to).map((chunk) => chunk.bytes),
          bytes,
        ),
        count,
      }
    from = to
  }
}
