import type { Checkpoint } from './changelog'

/** An entry as it came from the log: bytes, not yet decoded. */
export interface RawEntry {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly offset?: number
}

/** `valueLength` of a row that is gone. */
export const GONE = -1
/** Numbers in `places` for each entry: key's place and length, value's place and length. */
export const PLACES = 4

/** Entries in one piece of memory, to be handed to another thread without copying. */
export interface PackedEntries {
  readonly bytes: Uint8Array
  readonly places: Int32Array
  /** When each row is due, ms; NaN = never. */
  readonly dues: Float64Array
  readonly count: number
  /** Changelog position behind the entries. */
  readonly position: number
  readonly checkpoint: Checkpoint | undefined
}

/** '@' opens the reserved keys, which are no rows. */
const RESERVED = 0x40
/** Bytes between two pieces that are rather copied than told apart. */
const GAP = 64

/**
 * Packs the rows among `entries` as they lie: keys and values of a fetched batch share a buffer, and a run of them is
 * copied at once, with the few bytes of the log's own between them. `dueOf` returns NaN for never, and undefined for
 * what is no row, which is left out.
 */
export function packEntries(
  entries: readonly RawEntry[],
  dueOf: (key: Buffer, value: Buffer, offset: number | undefined) => number | undefined,
): Pick<PackedEntries, 'bytes' | 'places' | 'dues' | 'count'> {
  const places = new Int32Array(entries.length * PLACES)
  const dues = new Float64Array(entries.length)
  const runs: Run[] = []
  let run: Run = { memory: new ArrayBuffer(0), from: 0, at: 0, to: 0 }
  let count = 0
  // The hottest loop of a restore: an index, no iterators and no objects.
  for (let i = 0; i < entries.length; i++) {
    const { key, value, offset } = entries[i]!
    if (key === null || key[0] === RESERVED) continue
    const due = value === null ? NaN : dueOf(key, value, offset)
    if (due === undefined) continue
    const place = count * PLACES
    run = extended(run, key, runs)
    places[place] = run.at + key.byteOffset - run.from
    places[place + 1] = key.length
    if (value === null) {
      places[place + 3] = GONE
      dues[count++] = NaN
      continue
    }
    run = extended(run, value, runs)
    places[place + 2] = run.at + value.byteOffset - run.from
    places[place + 3] = value.length
    dues[count++] = due
  }
  const bytes = new Uint8Array(run.at + run.to - run.from)
  for (const { memory, from, to, at } of runs) bytes.set(new Uint8Array(memory, from, to - from), at)
  return { bytes, places, dues, count }
}

/** A stretch of memory that is copied at once; `at` is its place in the packed bytes. */
interface Run {
  readonly memory: ArrayBufferLike
  readonly from: number
  readonly at: number
  to: number
}

/** The run that holds `piece`: the present one, longer, or a new one behind it. */
function extended(run: Run, piece: Buffer, runs: Run[]): Run {
  const { byteOffset } = piece
  if (run.memory === piece.buffer && byteOffset >= run.to && byteOffset - run.to <= GAP) {
    run.to = byteOffset + piece.length
    return run
  }
  const fresh = {
    memory: piece.buffer,
    from: byteOffset,
    at: run.at + run.to - run.from,
    to: byteOffset + piece.length,
  }
  runs.push(fresh)
  return fresh
}
