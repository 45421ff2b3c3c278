import type { Statement } from 'better-sqlite3'
import { LogError } from '../src/errors'
import type { Offset } from '../src/record'
import type { Connection } from './database'
import { checksum, type Run } from './run'

export interface PartitionRow {
  readonly id: number
  readonly partition: number
  readonly first: number
  readonly next: number
  readonly timestamp: number
  readonly cleaned: number
  readonly clean_bytes: number
  readonly dirty_bytes: number
  readonly horizon: number | null
}

/** How far compaction has been. */
export interface Cleaned {
  /** Below this, no key has two records. */
  readonly to: Offset
  readonly bytes: number
  /** ms: when the next tombstones may go; null when there are none. */
  readonly horizon: number | null
}

/** Where a run lies, without its bytes. */
export interface RunSpan {
  readonly base: Offset
  readonly last: Offset
  readonly timestamp: number
}

type RunRow = [
  base: number,
  last: number,
  timestamp: number,
  sparse: number,
  crc: number,
  horizon: number | null,
  bytes: Buffer,
]

const RUN_COLUMNS = 'base, last, timestamp, sparse, crc, horizon, bytes'

/**
 * One partition: its bounds in memory, its runs in a table of its own, so that appending is always at that table's
 * right edge.
 */
export class Partition {
  readonly id: number
  readonly partition: number
  /** First offset still there. */
  start: Offset
  /** What readers see: past the last record that is safely on the disk. */
  end: Offset
  /** What the next record gets; ahead of `end` while the disk is being waited for. */
  next: Offset
  /** ms; no later record is older. */
  timestamp: number
  cleaned: Cleaned
  /** Appended where compaction has not been. */
  dirtyBytes: number
  deleted = false

  private readonly insertRun: Statement<[number, number, number, number, number, number | null, Buffer]>
  private readonly deleteRun: Statement<[number]>
  private readonly selectRuns: Statement<[number, number, number], RunRow>
  private readonly selectSpans: Statement<[number, number], RunSpan>
  private readonly updateEnd: Statement<[number, number, number, number]>
  private readonly updateStart: Statement<[number, number]>
  private readonly updateCleaned: Statement<[number, number, number, number | null, number]>
  private readonly waiting = new Set<() => void>()

  constructor(
    connection: Connection,
    readonly topic: string,
    row: PartitionRow,
  ) {
    this.id = row.id
    this.partition = row.partition
    this.start = row.first
    this.end = this.next = row.next
    this.timestamp = row.timestamp
    this.cleaned = {
      to: row.cleaned,
      bytes: row.clean_bytes,
      horizon: row.horizon,
    }
    this.dirtyBytes = row.dirty_bytes
    const table = `run_${row.id}`
    this.insertRun = connection.prepare(`INSERT INTO ${table} (${RUN_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)`)
    this.deleteRun = connection.prepare(`DELETE FROM ${table} WHERE base = ?`)
    // The run that covers an offset may begin before it.
    this.selectRuns = connection
      .prepare<[number, number, number], RunRow>(
        `SELECT ${RUN_COLUMNS} FROM ${table}
         WHERE base >= coalesce((SELECT max(base) FROM ${table} WHERE base <= ?), ?) AND base < ? ORDER BY base`,
      )
      .raw()
    this.selectSpans = connection.prepare(
      `SELECT base, last, timestamp FROM ${table} WHERE base >= ? ORDER BY base LIMIT ?`,
    )
    this.updateEnd = connection.prepare('UPDATE partition SET next = ?, timestamp = ?, dirty_bytes = ? WHERE id = ?')
    this.updateStart = connection.prepare('UPDATE partition SET first = ? WHERE id = ?')
    this.updateCleaned = connection.prepare(
      'UPDATE partition SET cleaned = ?, clean_bytes = ?, dirty_bytes = ?, horizon = ? WHERE id = ?',
    )
  }

  static createTable(connection: Connection, id: number): void {
    connection.exec(
      `CREATE TABLE run_${id} (base INTEGER PRIMARY KEY, last INTEGER NOT NULL, timestamp INTEGER NOT NULL,
       sparse INTEGER NOT NULL, crc INTEGER NOT NULL, horizon INTEGER, bytes BLOB NOT NULL) STRICT`,
    )
  }

  get name(): string {
    return `${this.topic}/${this.partition}`
  }

  /**
   * Runs that may hold records at or after `from`, in order, as far as readers may see. Break out of it to stop
   * reading.
   */
  *runs(from: Offset, to: Offset = this.end): Generator<Run> {
    for (const [base, last, timestamp, sparse, crc, horizon, bytes] of this.selectRuns.iterate(from, from, to)) {
      if (last < from) continue
      if (checksum(bytes) !== crc) {
        throw new LogError(
          'LOG_CORRUPT',
          `the records ${base} to ${last} of ${this.name} fail their checksum. Restore the data directory from a backup.`,
        )
      }
      yield { base, last, timestamp, sparse: sparse === 1, horizon, bytes }
    }
  }

  /** At most `count` of them. */
  spans(from: Offset, count: number): RunSpan[] {
    return this.selectSpans.all(from, count)
  }

  /** Inside a transaction. */
  insert({ base, last, timestamp, sparse, horizon, bytes }: Run): void {
    this.insertRun.run(base, last, timestamp, sparse ? 1 : 0, checksum(bytes), horizon, bytes)
  }

  /** Inside a transaction. */
  delete(base: Offset): void {
    this.deleteRun.run(base)
  }

  /** Inside a transaction: the end as it is in memory. */
  saveEnd(): void {
    this.updateEnd.run(this.next, this.timestamp, this.dirtyBytes, this.id)
  }

  /** Inside a transaction; set `start` once it is durable. */
  saveStart(start: Offset): void {
    this.updateStart.run(start, this.id)
  }

  /** Inside a transaction; set both once they are durable. */
  saveCleaned({ to, bytes, horizon }: Cleaned, dirtyBytes: number): void {
    this.updateCleaned.run(to, bytes, dirtyBytes, horizon, this.id)
  }

  /** What was written is durable: readers may have it. */
  publish(): void {
    if (this.end === this.next) return
    this.end = this.next
    this.wake()
  }

  /** Runs `wake` at the next change; the answer takes it back. */
  onChange(wake: () => void): () => void {
    this.waiting.add(wake)
    return () => this.waiting.delete(wake)
  }

  wake(): void {
    const waiting = [...this.waiting]
    this.waiting.clear()
    for (const wake of waiting) wake()
  }
}
