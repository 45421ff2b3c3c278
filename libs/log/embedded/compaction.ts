import type { LogRecord, Offset } from '../src/record'
import type { Journal } from './journal'
import { lastOffsets, type LastOffsets } from './last-offsets'
import type { Cleaned, Partition } from './partition'
import { packSparse, RUN_BYTES, type Run } from './run'
import { RunCursor } from './run-cursor'
import { nextTurn, Slice } from './turns'

export interface CompactionRules {
  readonly minCompactionLagMs: number
  readonly deleteRetentionMs: number
}

/**
 * Leaves the last record of each key in what is older than the lag. Offsets and times of what stays do not change; what
 * goes leaves holes. A tombstone stays `deleteRetentionMs` from the first round that meets it (its run's horizon),
 * however old it is: a reader that has seen the value must be able to see that it is gone.
 *
 *   1 read what is dirty, remember the last offset of each key
 *   2 sweep from the beginning, run by run: keep, or rewrite without what is superseded, small neighbours as one
 *   3 remember how far it has been; a crash before that repeats the round, which changes nothing twice
 */
export class Compaction {
  constructor(
    private readonly partition: Partition,
    private readonly rules: CompactionRules,
    private readonly now: number,
    private readonly journal: Journal,
    private readonly stopped: () => boolean,
  ) {}

  /** Worth a round: half of the bytes are dirty, or tombstones may go. */
  get due(): boolean {
    const { cleaned, dirtyBytes } = this.partition
    if (cleaned.horizon !== null && cleaned.horizon <= this.now) return true
    const [first] = this.partition.spans(cleaned.to, 1)
    return first !== undefined && first.timestamp <= this.newest && dirtyBytes >= cleaned.bytes
  }

  async run(): Promise<void> {
    const { partition } = this
    const last = await lastOffsets(partition, partition.cleaned.to, this.newest, this.halted)
    if (this.halted()) return
    const sweep = new Sweep(partition, last, this.now, this.now + this.rules.deleteRetentionMs)
    while (!sweep.done) {
      await this.apply(sweep.step())
      if (this.halted()) return
    }
    await this.finish({ to: last.to, bytes: sweep.bytes, horizon: sweep.horizon }, last.bytes)
  }

  /** ms: younger runs are safe. */
  private get newest(): number {
    return this.now - this.rules.minCompactionLagMs
  }

  private readonly halted = (): boolean => this.stopped() || this.partition.deleted

  private async apply(changes: readonly Change[]): Promise<void> {
    if (changes.length === 0) return nextTurn()
    await this.journal.write({
      writes: [],
      also: () => {
        if (this.partition.deleted) return
        for (const { replaced, run } of changes) {
          for (const base of replaced) this.partition.delete(base)
          if (run) this.partition.insert(run)
        }
      },
    })
  }

  private finish(cleaned: Cleaned, seenBytes: number): Promise<void> {
    const { partition } = this
    const dirty = () => Math.max(0, partition.dirtyBytes - seenBytes)
    return this.journal.write({
      writes: [],
      also: () => {
        if (!partition.deleted) partition.saveCleaned(cleaned, dirty())
      },
      done: () => {
        partition.dirtyBytes = dirty()
        partition.cleaned = cleaned
      },
    })
  }
}

/** Written in one transaction, which holds the event loop as well. */
const MOST_CHANGES = 8

/** Runs to delete, and the one that takes their place, if anything stays. */
interface Change {
  readonly replaced: readonly Offset[]
  readonly run: Run | undefined
}

/** Neighbouring runs on their way to becoming one. */
interface Gathering {
  readonly replaced: Offset[]
  readonly records: LogRecord[]
  bytes: number
  last: Offset
  timestamp: number
  horizon: number | null
  /** It is not just the run it began with. */
  changed: boolean
}

class Sweep {
  done = false
  /** What is kept. */
  bytes = 0
  /** The first of all horizons. */
  horizon: number | null = null
  private position: Offset = 0
  private gathering: Gathering | undefined

  constructor(
    private readonly partition: Partition,
    private readonly last: LastOffsets,
    private readonly now: number,
    private readonly newHorizon: number,
  ) {}

  /** Looks at runs for one slice of time. */
  step(): Change[] {
    const changes: Change[] = []
    const slice = new Slice()
    for (const run of this.partition.runs(this.position, this.last.to)) {
      this.take(run, changes)
      this.position = run.last + 1
      if (slice.over || changes.length >= MOST_CHANGES) return changes
    }
    this.settle(changes)
    this.done = true
    return changes
  }

  private take(run: Run, changes: Change[]): void {
    const all: LogRecord[] = []
    new RunCursor(run).take(all, Infinity)
    const kept = all.filter((record) => this.stays(record, run))
    const horizon = kept.some(({ value }) => value === null) ? (run.horizon ?? this.newHorizon) : null
    const same = kept.length === all.length && horizon === run.horizon
    const bytes = same ? run.bytes.length : Math.ceil((run.bytes.length * kept.length) / all.length)
    if (
      this.gathering &&
      (this.gathering.bytes + bytes > RUN_BYTES || run.last - this.gathering.replaced[0]! > 2 ** 31)
    ) {
      this.settle(changes)
    }
    const gathering = (this.gathering ??= {
      replaced: [],
      records: [],
      bytes: 0,
      last: run.last,
      timestamp: run.timestamp,
      horizon: null,
      changed: false,
    })
    gathering.changed ||= !same || gathering.replaced.length > 0
    gathering.replaced.push(run.base)
    for (const record of kept) gathering.records.push(record)
    gathering.bytes += bytes
    gathering.last = run.last
    gathering.timestamp = run.timestamp
    gathering.horizon = latest(gathering.horizon, horizon)
  }

  /** Superseded: in what was dirty lies a later one. Records without a key supersede nothing. */
  private stays({ key, value, offset }: LogRecord, run: Run): boolean {
    if (key === null) return true
    const last = this.last.offsets.get(key)
    if (last !== undefined && last > offset) return false
    return value !== null || run.horizon === null || run.horizon > this.now
  }

  private settle(changes: Change[]): void {
    const { gathering } = this
    if (!gathering) return
    this.gathering = undefined
    const { replaced, records, last, timestamp, horizon } = gathering
    this.horizon = earliest(this.horizon, horizon)
    const base = replaced[0]!
    const bytes = gathering.changed ? packSparse(base, records) : undefined
    this.bytes += bytes?.length ?? gathering.bytes
    if (!bytes) return
    const run = records.length > 0 ? { base, last, timestamp, sparse: true, horizon, bytes } : undefined
    changes.push({ replaced, run })
  }
}

const latest = (a: number | null, b: number | null) => (a === null ? b : b === null ? a : Math.max(a, b))
const earliest = (a: number | null, b: number | null) => (a === null ? b : b === null ? a : Math.min(a, b))
