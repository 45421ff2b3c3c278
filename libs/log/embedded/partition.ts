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
}

type RunRow = [base: number, last: number, timestamp: number, sparse: number, crc: number, bytes: Buffer]

/** One partition: its bounds in memory, its runs in a table of its own, so that appending is always at that table's right edge. */
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
  /** Below this, compaction has been. */
  cleaned: Offset
  deleted = false

  private readonly insertRun: Statement<[number, number, number, number, number, Buffer]>
  private readonly deleteRun: Statement<[number]>
  private readonly selectRuns: Statement<[number, number, number], RunRow>
  private readonly save: Statement<[number, number, number, number, number]>
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
    this.cleaned = row.cleaned
    const table = `run_${row.id}`
    this.insertRun = connection.prepare(
      `INSERT INTO ${table} (base, last, timestamp, sparse, crc, bytes) VALUES (?, ?, ?, ?, ?, ?)`,
    )
    this.deleteRun = connection.prepare(`DELETE FROM ${table} WHERE base = ?`)
    // The run that covers an offset may begin before it.
    this.selectRuns = connection
      .prepare<[number, number, number], RunRow>(
        `SELECT base, last, timestamp, sparse, crc, bytes FROM ${table}
         WHERE base >= coalesce((SELECT max(base) FROM ${table} WHERE base <= ?), ?) AND base < ? ORDER BY base`,
      )
      .raw()
    this.save = connection.prepare('UPDATE partition SET first = ?, next = ?, timestamp = ?, cleaned = ? WHERE id = ?')
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

  /** Runs that may hold records at or after `from`, in order, as far as readers may see. Break out of it to stop reading. */
  *runs(from: Offset, to: Offset = this.end): Generator<Run> {
    for (const [base, last, timestamp, sparse, crc, bytes] of this.selectRuns.iterate(from, from, to)) {
      if (last < from) continue
      if (checksum(bytes) !== crc) {
        throw new LogError(
          'LOG_CORRUPT',
          `the records ${base} to ${last} of ${this.name} fail their checksum. Restore the data directory from a backup.`,
        )
      }
      yield { base, last, timestamp, sparse: sparse === 1, bytes }
    }
  }

  /** Inside a transaction. */
  insert(run: Run): void {
    this.insertRun.run(run.base, run.last, run.timestamp, run.sparse ? 1 : 0, checksum(run.bytes), run.bytes)
  }

  /** Inside a transaction. */
  delete(base: Offset): void {
    this.deleteRun.run(base)
  }

  /** Inside a transaction: the bounds as they are in memory. */
  saveBounds(): void {
    this.save.run(this.start, this.next, this.timestamp, this.cleaned, this.id)
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
