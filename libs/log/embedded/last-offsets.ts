import type { LogRecord, Offset } from '../src/record'
import type { Partition } from './partition'
import { RunCursor } from './run-cursor'
import { nextTurn, Slice } from './turns'

/** Keys held at once; what does not fit waits for the next round. */
const MOST_KEYS = 1_000_000

/** The last offset of every key in a stretch of a partition. */
export interface LastOffsets {
  readonly offsets: KeyOffsets
  /** Where the stretch ends; always the end of a run. */
  readonly to: Offset
  readonly bytes: number
}

const SHARDS = 64

/** One Map of a million keys stops everything for 20 ms whenever it grows; many small ones do not. */
export class KeyOffsets {
  size = 0
  private readonly shards = Array.from({ length: SHARDS }, () => new Map<string, Offset>())

  get(key: Buffer): Offset | undefined {
    return this.shard(key).get(text(key))
  }

  set(key: Buffer, offset: Offset): void {
    const shard = this.shard(key)
    const before = shard.size
    shard.set(text(key), offset)
    this.size += shard.size - before
  }

  /** Keys differ at their ends. */
  private shard(key: Buffer): Map<string, Offset> {
    const { length } = key
    return this.shards[((key[length - 1] ?? 0) + 7 * (key[length - 2] ?? 0) + 31 * (key[length - 3] ?? 0)) % SHARDS]!
  }
}

/** One unit per byte: equal exactly when the bytes are. */
const text = (key: Buffer): string => key.toString('latin1')

/**
 * Reads on from `from` in slices, as far as runs are not younger than `newest` and keys are not too many, or until
 * stopped.
 */
export async function lastOffsets(
  partition: Partition,
  from: Offset,
  newest: number,
  stopped: () => boolean,
): Promise<LastOffsets> {
  const offsets = new KeyOffsets()
  const { end } = partition
  let to = from
  let bytes = 0
  let cut = true
  while (cut && !stopped()) {
    const slice = new Slice()
    cut = false
    for (const run of partition.runs(to, end)) {
      if (run.timestamp > newest || offsets.size >= MOST_KEYS) break
      const records: LogRecord[] = []
      new RunCursor(run).take(records, Infinity)
      for (const { key, offset } of records) if (key !== null) offsets.set(key, offset)
      bytes += run.bytes.length
      to = run.last + 1
      cut = slice.over
      if (cut) break
    }
    await nextTurn()
  }
  return { offsets, to, bytes }
}
