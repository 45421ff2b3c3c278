import { NO_HEADERS, type LogRecord, type Offset, type RecordHeaders } from '../../src'
import { ABORT_MARKER, ATTRIBUTES, BATCH, LENGTH_FROM } from './batch-layout'
import { decompress } from './compression'
import { crc32c } from './crc32c'
import { readInt64 } from './int64'
import { VarintCursor } from './varint'

/** One transaction that a Fetch response says was aborted; the list comes in order of completion, not of `firstOffset`. */
export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: Offset
}

/** The bytes are no valid record batch. The message says where. */
export class CorruptBatch extends Error {
  override readonly name = 'CorruptBatch'
}

const cursor = new VarintCursor()

/** One data batch on its way through: where its next record lies. */
interface OpenBatch {
  readonly baseOffset: Offset
  readonly lastOffset: Offset
  readonly bytes: Buffer
  readonly end: number
  readonly appendTime: number | undefined
  readonly baseTimestamp: number
  at: number
  left: number
}

/**
 * Decodes the committed records at or after an offset out of the record batches of one Fetch answer, a piece at a time: one batch may
 * hold 200,000 records. `next` is where to go on, however few records are left: markers, aborted records, compacted holes and emptied
 * batches move it. A batch cut off at the end is left for the next fetch.
 *
 * Keys and values are views of `bytes`: whoever keeps one keeps the whole answer in memory.
 */
export class BatchDecoder {
  private at = 0
  private opened = 0
  private batch: OpenBatch | undefined
  private readonly due: readonly AbortedTransaction[]
  private readonly open = new Set<number>()

  constructor(
    private readonly bytes: Buffer,
    public next: Offset,
    aborted: readonly AbortedTransaction[],
  ) {
    this.due = aborted.length > 1 ? aborted.toSorted((a, b) => a.firstOffset - b.firstOffset) : aborted
  }

  /** Appends records to `into` until they took `maxBytes` (one at least) or all is decoded. Answers the bytes that they took. */
  decode(into: LogRecord[], maxBytes = Infinity): number {
    let taken = 0
    while (taken < maxBytes) {
      this.batch ??= this.openNext()
      if (!this.batch) break
      taken += decodeRecords(this.batch, this.next, maxBytes - taken, into)
      if (this.batch.left > 0) {
        this.next = into.at(-1)!.offset + 1
        break
      }
      this.next = this.batch.lastOffset + 1
      this.batch = undefined
    }
    return taken
  }

  get done(): boolean {
    return !this.batch && (this.batch = this.openNext()) === undefined
  }

  /** The next batch with records to be read; passes over all others. */
  private openNext(): OpenBatch | undefined {
    const { bytes, due, open } = this
    while (bytes.length - this.at >= BATCH.records) {
      const at = this.at
      const end = at + LENGTH_FROM + bytes.readInt32BE(at + BATCH.length)
      if (end > bytes.length) break
      const baseOffset = readInt64(bytes, at + BATCH.baseOffset)
      verify(bytes, at, end, baseOffset)
      const lastOffset = baseOffset + bytes.readInt32BE(at + BATCH.lastOffsetDelta)
      const attributes = bytes.readInt16BE(at + BATCH.attributes)
      this.at = end

      // A transaction counts as aborted from its first offset on, until its own abort marker: several may be open at once.
      while (this.opened < due.length && due[this.opened]!.firstOffset <= lastOffset)
        open.add(due[this.opened++]!.producerId)
      if (attributes & ATTRIBUTES.control) {
        if (isAbortMarker(bytes, at, end)) open.delete(readInt64(bytes, at + BATCH.producerId))
      } else if (lastOffset >= this.next) {
        const isAborted = attributes & ATTRIBUTES.transactional && open.has(readInt64(bytes, at + BATCH.producerId))
        if (!isAborted && bytes.readInt32BE(at + BATCH.count) > 0)
          return openBatch(bytes, at, end, baseOffset, lastOffset)
      }
      if (lastOffset >= this.next) this.next = lastOffset + 1
    }
    return undefined
  }
}

/** Where a fetch goes on after these batches, as a decoder would answer, from their headers alone. */
export function offsetAfterBatches(bytes: Buffer, from: Offset): Offset {
  let next = from
  for (let at = 0; bytes.length - at >= BATCH.records;) {
    const end = at + LENGTH_FROM + bytes.readInt32BE(at + BATCH.length)
    if (end > bytes.length || end < at + BATCH.records) break
    next = Math.max(next, readInt64(bytes, at + BATCH.baseOffset) + bytes.readInt32BE(at + BATCH.lastOffsetDelta) + 1)
    at = end
  }
  return next
}

function verify(bytes: Buffer, at: number, end: number, baseOffset: Offset): void {
  if (bytes[at + BATCH.magic] !== 2)
    throw new CorruptBatch(`batch at offset ${baseOffset} has format ${bytes[at + BATCH.magic]}, only 2 is known`)
  if (end < at + BATCH.records) throw new CorruptBatch(`batch at offset ${baseOffset} is shorter than its header`)
  if (crc32c(bytes, at + BATCH.attributes, end) !== bytes.readUInt32BE(at + BATCH.crc))
    throw new CorruptBatch(`batch at offset ${baseOffset} does not match its CRC`)
}

function isAbortMarker(bytes: Buffer, at: number, end: number): boolean {
  if (bytes.readInt32BE(at + BATCH.count) === 0) return false // the cleaner has emptied it
  cursor.bytes = bytes
  cursor.at = at + BATCH.records
  cursor.readInt() // length
  cursor.at++ // attributes
  cursor.readLong() // timestamp
  cursor.readInt() // offset
  const keyLength = cursor.readInt()
  return keyLength >= 4 && cursor.at + 4 <= end && bytes.readInt16BE(cursor.at + 2) === ABORT_MARKER
}

function openBatch(bytes: Buffer, at: number, end: number, baseOffset: Offset, lastOffset: Offset): OpenBatch {
  const attributes = bytes.readInt16BE(at + BATCH.attributes)
  const codec = attributes & ATTRIBUTES.codec
  const records = codec === 0 ? bytes : inflate(codec, bytes.subarray(at + BATCH.records, end), baseOffset)
  return {
    baseOffset,
    lastOffset,
    bytes: records,
    end: codec === 0 ? end : records.length,
    appendTime: attributes & ATTRIBUTES.logAppendTime ? readInt64(bytes, at + BATCH.maxTimestamp) : undefined,
    baseTimestamp: readInt64(bytes, at + BATCH.baseTimestamp),
    at: codec === 0 ? at + BATCH.records : 0,
    left: bytes.readInt32BE(at + BATCH.count),
  }
}

function decodeRecords(batch: OpenBatch, from: Offset, maxBytes: number, into: LogRecord[]): number {
  const { baseOffset, bytes, end, appendTime, baseTimestamp } = batch
  let taken = 0
  let left = batch.left
  cursor.bytes = bytes
  cursor.at = batch.at
  for (; left > 0 && taken < maxBytes; left--) {
    const length = cursor.readInt()
    const recordEnd = cursor.at + length
    if (!(length > 0 && recordEnd <= end))
      throw new CorruptBatch(`a record of the batch at offset ${baseOffset} ends after it`)
    cursor.at++ // attributes: none are defined
    const timestampDelta = cursor.readLong()
    const offset = baseOffset + cursor.readInt()
    if (offset >= from) {
      const key = view(bytes, cursor.readInt())
      const value = view(bytes, cursor.readInt())
      const headerCount = cursor.readInt()
      const headers = headerCount === 0 ? NO_HEADERS : decodeHeaders(bytes, headerCount, recordEnd)
      if (cursor.at !== recordEnd) throw new CorruptBatch(`the record at offset ${offset} is not as long as it says`)
      into.push({ offset, timestamp: appendTime ?? baseTimestamp + timestampDelta, key, value, headers })
      taken += length
    }
    cursor.at = recordEnd
  }
  batch.at = cursor.at
  batch.left = left
  return taken
}

function view(bytes: Buffer, length: number): Buffer | null {
  if (length < 0) return null
  const start = cursor.at
  return bytes.subarray(start, (cursor.at = start + length))
}

function decodeHeaders(bytes: Buffer, count: number, recordEnd: number): RecordHeaders {
  const headers: (readonly [string, Buffer])[] = []
  for (let i = 0; i < count && cursor.at < recordEnd; i++) {
    const nameLength = cursor.readInt()
    const name = bytes.toString('utf8', cursor.at, cursor.at + nameLength)
    cursor.at += nameLength
    headers.push([name, view(bytes, cursor.readInt()) ?? EMPTY])
  }
  return headers
}

const EMPTY = Buffer.alloc(0)

function inflate(codec: number, bytes: Buffer, baseOffset: Offset): Buffer {
  try {
    return decompress(codec, bytes)
  } catch (cause) {
    throw new CorruptBatch(`batch at offset ${baseOffset} cannot be decompressed`, { cause })
  }
}
