import type { LogRecord, Offset } from '../src/record'
import type { Partition } from './partition'
import { RunCursor } from './run'
import { nextTurn, Slice } from './turns'

/** Keys held at once; what does not fit waits for the next round. */
const MOST_KEYS = 1_000_000

/** The last offset of each key in a stretch of a partition. */
export interface LastOffsets {
  /** Of every key in the stretch. */
  readonly offsets: ReadonlyMap<string, Offset>
  /** Where the stretch ends; always the end of a run. */
  readonly to: Offset
  readonly bytes: number
}

/** Bytes as a string with one unit per byte: a Map key that equals exactly when the bytes do. */
export const keyText = (key: Buffer): string => key.toString('latin1')

/** Reads on from `from` in slices, as far as runs are not younger than `newest` and keys are not too many, or until stopped. */
export async function lastOffsets(
  partition: Partition,
  from: Offset,
  newest: number,
  stopped: () => boolean,
): Promise<LastOffsets> {
  const offsets = new Map<string, Offset>()
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
      for (const { key, offset } of records) if (key !== null) offsets.set(keyText(key), offset)
      bytes += run.bytes.length
      to = run.last + 1
      cut = slice.over
      if (cut) break
    }
    await nextTurn()
  }
  return { offsets, to, bytes }
}
