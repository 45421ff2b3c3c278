import type { DamagedBatch, LogRecord, Offset } from '../../src'
import { ABORT_MARKER, ATTRIBUTES, BATCH, LENGTH_FROM } from './batch-layout'
import { CODECS, decompress } from './compression'
import { crc32c } from './crc32c'
import { InflatesTooFar } from './inflates-too-far'
import { readInt64 } from './int64'
import { controlType, decodeRecords, type OpenBatch } from './record-decoder'

/**
 * One transaction that a Fetch response says was aborted; the list comes in order of completion, not of `firstOffset`.
 */
export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: Offset
}

/** The bytes are no valid record batch, and nothing in them can be trusted. The message says where. */
export class CorruptBatch extends Error {
  override readonly name = 'CorruptBatch'
}

/** Bytes that the records of one batch may inflate to. */
export interface InflationLimits {
  /** At once. */
  readonly bytes: number
  /** When the decoder has been told that it may (`mayInflateFar`). */
  readonly far: number
}

/**
 * A broker with its own settings takes batches of 1 MiB, and an honest producer's records may shrink a hundred times in
 * them. Most inflate to less than 16 MiB; those beyond take turns (inflation-turns.ts), so that a process holds one of
 * them.
 */
export const INFLATION_LIMITS: InflationLimits = { bytes: 16 << 20, far: 128 << 20 }

/** A data batch that was found, not yet opened. */
interface Found {
  readonly at: number
  readonly end: number
  readonly baseOffset: Offset
  readonly lastOffset: Offset
  readonly epoch: number
}

/**
 * Decodes the committed records at or after an offset out of the record batches of one Fetch answer, a piece at a time:
 * one batch may hold 200,000 records. `next` is where to go on, however few records are left: markers, aborted records,
 * compacted holes and emptied batches move it. A batch cut off at the end is left for the next fetch. A batch that
 * cannot be read although its checksum matches becomes one record with `damaged`.
 *
 * Keys and values are views of `bytes`: whoever keeps one keeps the whole answer in memory.
 */
export class BatchDecoder {
  /** The next batch inflates beyond the first limit: `decode` goes on once `mayInflateFar` is set. */
  inflatesFar = false
  /** Told by its reader that the present batch may inflate to `limits.far`; holds until that batch is through. */
  mayInflateFar = false
  /** Leadership in which what lies before `next` was written; -1: not known. */
  epoch = -1
  /** The same for the records handed out last. */
  recordsEpoch = -1
  private at = 0
  private opened = 0
  private found: Found | undefined
  private batch: OpenBatch | undefined
  private readonly due: readonly AbortedTransaction[]
  private readonly open = new Set<number>()

  constructor(
    private readonly bytes: Buffer,
    public next: Offset,
    aborted: readonly AbortedTransaction[],
    private readonly limits: InflationLimits = INFLATION_LIMITS,
  ) {
    this.due = aborted.length > 1 ? aborted.toSorted((a, b) => a.firstOffset - b.firstOffset) : aborted
  }

  /**
   * Appends records to `into` until they took `maxBytes` (one at least) or all is decoded. Returns the bytes that they
   * took.
   */
  decode(into: LogRecord[], maxBytes = Infinity): number {
    let taken = 0
    while (taken < maxBytes) {
      this.found ??= this.findNext()
      if (!this.found) break
      // Records of one leadership at a time.
      if (into.length > 0 && this.found.epoch !== this.recordsEpoch) break
      try {
        this.batch ??= this.openBatch(this.found)
        taken += decodeRecords(this.batch, this.next, maxBytes - taken, into)
        this.recordsEpoch = this.found.epoch
        if (this.batch.left > 0) {
          this.next = into.at(-1)!.offset + 1
          this.epoch = this.found.epoch
          break
        }
      } catch (error) {
        if (error instanceof InflatesTooFar && !this.mayInflateFar) {
          this.inflatesFar = true
          break
        }
        const damaged = this.damaged(this.found, error as Error)
        if (damaged) into.push(damaged)
        taken = maxBytes // Finding that out may have cost as much as many records.
      }
      this.next = Math.max(this.next, this.found.lastOffset + 1)
      this.epoch = this.recordsEpoch = this.found.epoch
      this.found = this.batch = undefined
      this.inflatesFar = this.mayInflateFar = false
    }
    return taken
  }

  /** Its next records were written in another leadership than this. */
  startsAnother(epoch: number): boolean {
    return !this.done && this.found!.epoch !== epoch
  }

  get done(): boolean {
    return !this.found && (this.found = this.findNext()) === undefined
  }

  /** The next batch with records to be read; passes over all others. */
  private findNext(): Found | undefined {
    const { bytes, due, open } = this
    while (bytes.length - this.at >= BATCH.records) {
      const at = this.at
      const end = at + LENGTH_FROM + bytes.readInt32BE(at + BATCH.length)
      if (end > bytes.length) break
      const baseOffset = readInt64(bytes, at + BATCH.baseOffset)
      verify(bytes, at, end, baseOffset)
      const lastOffset = lastOffsetOf(bytes, at, baseOffset)
      const attributes = bytes.readInt16BE(at + BATCH.attributes)
      const epoch = bytes.readInt32BE(at + BATCH.leaderEpoch)
      this.at = end

      // A transaction counts as aborted from its first offset on, until its own abort marker: several may be open at
      // once.
      while (this.opened < due.length && due[this.opened]!.firstOffset <= lastOffset)
        open.add(due[this.opened++]!.producerId)
      if (attributes & ATTRIBUTES.control) {
        if (isAbortMarker(bytes, at, end, baseOffset)) open.delete(readInt64(bytes, at + BATCH.producerId))
      } else if (lastOffset >= this.next) {
        const isAborted = attributes & ATTRIBUTES.transactional && open.has(readInt64(bytes, at + BATCH.producerId))
        // A count of 0: compaction has emptied it.
        if (!isAborted && bytes.readInt32BE(at + BATCH.count) !== 0) return { at, end, baseOffset, lastOffset, epoch }
      }
      if (lastOffset >= this.next) {
        this.next = lastOffset + 1
        this.epoch = epoch
      }
    }
    return undefined
  }

  private openBatch({ at, end, baseOffset, lastOffset }: Found): OpenBatch {
    const { bytes, limits } = this
    const attributes = bytes.readInt16BE(at + BATCH.attributes)
    const count = bytes.readInt32BE(at + BATCH.count)
    if (count < 0) throw new RangeError(`it claims ${count} records`)
    const codec = attributes & ATTRIBUTES.codec
    const packed = bytes.subarray(at + BATCH.records, end)
    const records = codec === 0 ? bytes : decompress(codec, packed, this.mayInflateFar ? limits.far : limits.bytes)
    return {
      baseOffset,
      lastOffset,
      bytes: records,
      end: codec === 0 ? end : records.length,
      appendTime: attributes & ATTRIBUTES.logAppendTime ? readInt64(bytes, at + BATCH.maxTimestamp) : undefined,
      baseTimestamp: readInt64(bytes, at + BATCH.baseTimestamp),
      at: codec === 0 ? at + BATCH.records : 0,
      left: count,
      least: baseOffset,
    }
  }

  /** Stands for what is left of a batch; undefined where that has no offsets, so no record is missing. */
  private damaged({ at, end, baseOffset, lastOffset }: Found, error: Error): LogRecord | undefined {
    const { bytes } = this
    const first = Math.max(this.next, this.batch?.least ?? baseOffset)
    if (first > lastOffset) return undefined
    const attributes = bytes.readInt16BE(at + BATCH.attributes)
    const codec = attributes & ATTRIBUTES.codec
    const damaged: DamagedBatch = {
      first,
      last: lastOffset,
      codec: CODECS[codec] ?? `${codec}`,
      bytes: end - at,
      transactional: (attributes & ATTRIBUTES.transactional) !== 0,
      count: bytes.readInt32BE(at + BATCH.count),
      reason: error.message,
    }
    const isAppendTime = (attributes & ATTRIBUTES.logAppendTime) !== 0
    const timestamp = readInt64(bytes, at + (isAppendTime ? BATCH.maxTimestamp : BATCH.baseTimestamp))
    return { offset: first, timestamp, key: null, value: null, headers: [], damaged }
  }
}

/** Where a fetch goes on after these batches, as a decoder would answer, from their headers alone. */
export function offsetAfterBatches(bytes: Buffer, from: Offset): Offset {
  return placeAfterBatches(bytes, from, -1).next
}

/** Likewise, with the leadership in which the last of them was written; `epoch` where there is none. */
export function placeAfterBatches(bytes: Buffer, from: Offset, epoch: number): { next: Offset; epoch: number } {
  let next = from
  let last = epoch
  for (let at = 0; bytes.length - at >= BATCH.records;) {
    const end = at + LENGTH_FROM + bytes.readInt32BE(at + BATCH.length)
    if (end > bytes.length || end < at + BATCH.records) break
    const after = lastOffsetOf(bytes, at, readInt64(bytes, at + BATCH.baseOffset)) + 1
    if (after > next) {
      next = after
      last = bytes.readInt32BE(at + BATCH.leaderEpoch)
    }
    at = end
  }
  return { next, epoch: last }
}

function verify(bytes: Buffer, at: number, end: number, baseOffset: Offset): void {
  if (bytes[at + BATCH.magic] !== 2)
    throw new CorruptBatch(`batch at offset ${baseOffset} has format ${bytes[at + BATCH.magic]}, only 2 is known`)
  if (end < at + BATCH.records) throw new CorruptBatch(`batch at offset ${baseOffset} is shorter than its header`)
  if (crc32c(bytes, at + BATCH.attributes, end) !== bytes.readUInt32BE(at + BATCH.crc))
    throw new CorruptBatch(`batch at offset ${baseOffset} does not match its CRC`)
}

/** A batch takes its own offset at least, whatever it says: reading must go on. */
const lastOffsetOf = (bytes: Buffer, at: number, baseOffset: Offset): Offset =>
  baseOffset + Math.max(0, bytes.readInt32BE(at + BATCH.lastOffsetDelta))

/** Which transactions hold is never guessed: a marker that cannot be read is corrupt. Only brokers write them. */
function isAbortMarker(bytes: Buffer, at: number, end: number, baseOffset: Offset): boolean {
  if (bytes.readInt32BE(at + BATCH.count) === 0) return false // the cleaner has emptied it
  try {
    return controlType(bytes, at + BATCH.records, end) === ABORT_MARKER
  } catch (cause) {
    throw new CorruptBatch(`the transaction marker at offset ${baseOffset} cannot be read`, { cause })
  }
}
