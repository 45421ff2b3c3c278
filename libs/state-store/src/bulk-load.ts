import { BulkThread, type TableSql } from './bulk-thread'
import { CHECKPOINT_KEY, type Checkpoint, decodeCheckpoint } from './changelog'
import { StoreError } from './errors'
import { packEntries, type RawEntry } from './packed-entries'
import type { BulkEntries, BulkOptions } from './partition-store'
import { rowsOf, scheduleSql } from './schedule-sql'
import { PRAGMAS } from './sqlite-store'
import type { TableSpec } from './table'

/**
 * Bytes of entries that a load holds before it sorts and writes them: the bound of its memory, beside the pieces in
 * flight.
 */
export const BULK_BYTES = 128 * 1024 * 1024
/** Pieces that the thread has not taken yet. */
const AHEAD = 3
const CHECKPOINT = Buffer.from(CHECKPOINT_KEY)

export interface BulkLimits {
  readonly maxBytes?: number
  /** Beside the store's own. */
  readonly pragmas?: readonly string[]
}

/**
 * Loads changelog entries into a partition's file in a thread: the latest value of each key, sorted, in one transaction
 * with the position behind it, at most `BULK_BYTES` at a time. What was written before an interruption stays, and the
 * load goes on from its position; the index of due times is made when it comes to its end. The file has been made by
 * `SqliteStore.open` and is closed meanwhile.
 */
export class BulkLoad implements BulkEntries {
  private readonly judged: readonly Judged[]
  private readonly begun: Promise<void>
  private inFlight: Promise<void>[] = []
  private open = true

  constructor(
    private readonly thread: BulkThread,
    private readonly options: BulkOptions,
    { maxBytes = BULK_BYTES, pragmas = [] }: BulkLimits = {},
  ) {
    const { file, tables, startedAt } = options
    this.judged = tables
      .filter(({ dueOf, fits }) => dueOf ?? fits)
      .map((spec) => ({ prefix: Buffer.from(`${spec.name}/`), spec }))
    const sql = tables.map(({ name }) => sqlOf(name))
    const task = { file, pragmas: [...PRAGMAS, ...pragmas], maxBytes, startedAt, tables: sql }
    this.begun = this.settled(thread.order({ kind: 'begin', task }))
    this.begun.catch(() => undefined)
  }

  /**
   * Takes entries in the log's order, with the position behind them; resolves when there is room for more. Rejects with
   * STORE_FULL.
   */
  async add(entries: readonly RawEntry[], position: number): Promise<void> {
    await this.begun
    const { bytes, places, dues, count } = packEntries(entries, (key, value, offset) => this.dueOf(key, value, offset))
    const packed = { bytes, places, dues, count, position, checkpoint: checkpointIn(entries) }
    const taken = this.settled(
      this.thread.order({ kind: 'add', entries: packed }, [bytes.buffer, places.buffer, dues.buffer]),
    )
    taken.catch(() => undefined)
    this.inFlight.push(taken)
    if (this.inFlight.length >= AHEAD) await this.inFlight.shift()
  }

  /** Writes what is held; the file is closed when this resolves. */
  async finish(): Promise<void> {
    await this.begun
    await Promise.all(this.inFlight)
    await this.settled(this.thread.order({ kind: 'finish' }))
    this.open = false
  }

  /**
   * Ends the load where it is, if it has not ended: what it holds is written, and the file is closed when this
   * resolves.
   */
  async stop(): Promise<void> {
    if (!this.open) return
    this.open = false
    await this.thread.order({ kind: 'stop' }).catch(() => undefined)
  }

  private dueOf(key: Buffer, value: Buffer, offset = -1): number | undefined {
    for (const { prefix, spec } of this.judged) {
      if (!startsWith(key, prefix)) continue
      if (spec.fits?.(key.toString('utf8', prefix.length), value) ?? true) return spec.dueOf?.(value) ?? NaN
      this.options.onForeign?.(key.toString('utf8'), offset)
      return undefined
    }
    return NaN
  }

  private async settled(answer: Promise<void>): Promise<void> {
    try {
      await answer
    } catch (cause) {
      if ((cause as { code?: string }).code === 'SQLITE_FULL')
        throw new StoreError('STORE_FULL', this.options.file, { cause })
      throw cause
    }
  }
}

/** A table whose rows are looked at. */
interface Judged {
  readonly prefix: Buffer
  readonly spec: TableSpec
}

/** The last one: from the end it is near. */
function checkpointIn(entries: readonly RawEntry[]): Checkpoint | undefined {
  for (let i = entries.length - 1; i >= 0; i--) {
    const { key, value } = entries[i]!
    const found =
      key && value && key[0] === CHECKPOINT[0] && key.equals(CHECKPOINT) ? decodeCheckpoint(value) : undefined
    if (found !== undefined) return found
  }
  return undefined
}

function startsWith(key: Buffer, prefix: Buffer): boolean {
  if (key.length < prefix.length) return false
  for (let i = 0; i < prefix.length; i++) if (key[i] !== prefix[i]) return false
  return true
}

/** The statements of a load, for the tables as sqlite-table.ts makes them. */
function sqlOf(name: string): TableSql {
  const rows = rowsOf(name)
  const schedule = scheduleSql(name)
  return {
    name,
    first: `SELECT 1 FROM ${rows} LIMIT 1`,
    upsert: `INSERT INTO ${rows}(k, v, due) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET v = excluded.v, due = excluded.due`,
    remove: `DELETE FROM ${rows} WHERE k = ?`,
    scheduled: schedule.exists,
    dropSchedule: schedule.drop,
    createSchedule: schedule.create,
  }
}
