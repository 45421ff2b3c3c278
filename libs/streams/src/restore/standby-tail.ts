import type { Log, LogBatch, Logger, LogRecord } from '@quorate/log'
import {
  type ChangelogEntry,
  CHECKPOINT_KEY,
  type Checkpoint,
  compareUtf8,
  decodeCheckpoint,
  type PartitionStore,
} from '@quorate/state-store'
import { setTimeout } from 'node:timers/promises'
import { judgeDamage } from './damaged-changelog'
import { foreignRows } from './foreign-rows'

export interface TailOptions {
  readonly log: Log
  readonly logger: Logger
  readonly store: PartitionStore
  readonly changelog: string
  readonly partition: number
  readonly signal: AbortSignal
  /** Wall time, ms. */
  readonly now: () => number
  /** The store moved; `atEnd`: it holds everything that is stable in the changelog. */
  readonly onMoved: (atEnd: boolean) => void
}

/** ms between two rounds: what comes meanwhile is applied together, in one transaction. */
const PACE = 100
/** Rows held back at most while their commit has not come to its end. */
const HELD = 200_000

/**
 * Follows the changelog into a store until told to stop. Only whole commits are applied: each ends in its checkpoint,
 * so a reader of the store never sees half of one. The reader is read_committed: what an owner has not committed never
 * gets here.
 */
export async function tail(options: TailOptions): Promise<void> {
  const { log, logger, store, changelog, partition, signal, now, onMoved } = options
  const reader = log.reader({ topic: changelog, partition, from: store.changelogPosition })
  const stop = (): void => reader.close()
  signal.addEventListener('abort', stop, { once: true })
  const foreign = foreignRows(logger, changelog, partition)
  const rows = new Rows(store, foreign)
  try {
    while (!signal.aborted) {
      const askedAt = now()
      const batch = await reader.next()
      rows.take(batch, (record) => judgeDamage(record, changelog, partition, logger))
      const moved = rows.writeTo(batch, askedAt)
      const atEnd = rows.held === 0 && batch.next >= batch.end
      if (moved || atEnd) onMoved(atEnd)
      if (atEnd) await setTimeout(PACE, undefined, { signal })
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    signal.removeEventListener('abort', stop)
    reader.close()
  }
}

type Latest = Map<string, Buffer | null>

/** Rows as they come: those of whole commits, ready, and those behind the last checkpoint, held. */
class Rows {
  private ready: Latest = new Map()
  private waiting: Latest = new Map()
  /** Behind the last checkpoint. */
  private position: number | undefined
  private checkpoint: Checkpoint | undefined

  constructor(
    private readonly store: PartitionStore,
    private readonly foreign: (key: string, offset: number) => void,
  ) {}

  get held(): number {
    return this.waiting.size
  }

  take({ records }: LogBatch, judge: (record: LogRecord) => void): void {
    for (const record of records) {
      const { key, value, offset } = record
      if (key === null) {
        judge(record)
        continue
      }
      const name = key.toString('utf8')
      if (name !== CHECKPOINT_KEY) {
        if (this.store.takes(name, value)) this.waiting.set(name, value)
        else this.foreign(name, offset)
        continue
      }
      const checkpoint = value ? decodeCheckpoint(value) : undefined
      if (checkpoint !== undefined) this.complete(offset + 1, checkpoint)
      else this.foreign(name, offset)
    }
  }

  /** False when nothing could be written yet. */
  writeTo({ next, end }: LogBatch, askedAt: number): boolean {
    const { store } = this
    // After compaction a checkpoint may be far away: memory goes first, and the rows are right at the next one again.
    if (this.waiting.size > HELD) this.complete(next, undefined)
    // Markers and holes behind a whole commit are no news, but the position must not stay before them for ever.
    if (this.waiting.size === 0 && next > store.changelogPosition) this.position = next
    if (this.position === undefined || this.position <= store.changelogPosition) return false
    const entries: ChangelogEntry[] = [...this.ready].map(([key, value]) => ({ key, value }))
    entries.sort((a, b) => compareUtf8(a.key, b.key))
    const all = this.waiting.size === 0 && next >= end
    store.load(entries, this.position, this.checkpoint, all ? askedAt : undefined)
    this.ready = new Map()
    this.position = this.checkpoint = undefined
    return true
  }

  private complete(position: number, checkpoint: Checkpoint | undefined): void {
    if (this.ready.size === 0) [this.ready, this.waiting] = [this.waiting, this.ready]
    else {
      for (const [key, value] of this.waiting) this.ready.set(key, value)
      this.waiting = new Map()
    }
    this.position = position
    this.checkpoint = checkpoint ?? this.checkpoint
  }
}
