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

/**
 * Appends to `into` every committed record at or after `from` in the batches of `bytes[start, end)`, and answers where to go on:
 * the offset after the last whole batch, however few of its records are left (markers, aborted records, compacted holes and
 * emptied batches move it). A batch cut off at the end is left for the next fetch.
 *
 * Keys and values are views of `bytes`: whoever keeps one keeps the whole response in memory.
 */
export function decodeBatches(
  bytes: Buffer,
  start: number,
  end: number,
  from: Offset,
  aborted: readonly AbortedTransaction[],
  into: LogRecord[],
): Offset {
  const due = aborted.length > 1 ? aborted.toSorted((a, b) => a.firstOffset - b.firstOffset) : aborted
  const open = new Set<number>()
  let opened = 0
  let next = from

  for (let at = start; end - at >= BATCH.records;) {
    const batchEnd = at + LENGTH_FROM + bytes.readInt32BE(at + BATCH.length)
    if (batchEnd > end) break
    const baseOffset = readInt64(bytes, at + BATCH.baseOffset)
    verify(bytes, at, batchEnd, baseOffset)
    const lastOffset = baseOffset + bytes.readInt32BE(at + BATCH.lastOffsetDelta)
    const attributes = bytes.readInt16BE(at + BATCH.attributes)

    // A transaction counts as aborted from its first offset on, until its own abort marker: several may be open at once.
    while (opened < due.length && due[opened]!.firstOffset <= lastOffset) open.add(due[opened++]!.producerId)
    if (attributes & ATTRIBUTES.control) {
      if (isAbortMarker(bytes, at, batchEnd)) open.delete(readInt64(bytes, at + BATCH.producerId))
    } else if (lastOffset >= from) {
      const isAborted =
        open.size > 0 && attributes & ATTRIBUTES.transactional && open.has(readInt64(bytes, at + BATCH.producerId))
      if (!isAborted) decodeRecords(bytes, at, batchEnd, baseOffset, attributes, from, into)
    }
    if (lastOffset >= next) next = lastOffset + 1
    at = batchEnd
  }
  return next
}

/** Where a fetch goes on after these batches, as `decodeBatches` would answer, from their headers alone. */
export function offsetAfterBatches(bytes: Buffer, start: number, end: number, from: Offset): Offset {
  let next = from
  for (let at = start; end - at >= BATCH.records;) {
    const batchEnd = at + LENGTH_FROM + bytes.readInt32BE(at + BATCH.length)
    if (batchEnd > end || batchEnd < at + BATCH.records) break
    next = Math.max(next, readInt64(bytes, at + BATCH.baseOffset) + bytes.readInt32BE(at + BATCH.lastOffsetDelta) + 1)
    at = batchEnd
  }
  return next
}

function verify(bytes: Buffer, at: number, batchEnd: number, baseOffset: Offset): void {
  if (bytes[at + BATCH.magic] !== 2)
    throw new CorruptBatch(`batch at offset ${baseOffset} has format ${bytes[at + BATCH.magic]}, only 2 is known`)
  if (batchEnd < at + BATCH.records) throw new CorruptBatch(`batch at offset ${baseOffset} is shorter than its header`)
  if (crc32c(bytes, at + BATCH.attributes, batchEnd) !== bytes.readUInt32BE(at + BATCH.crc))
    throw new CorruptBatch(`batch at offset ${baseOffset} does not match its CRC`)
}

function isAbortMarker(bytes: Buffer, at: number, batchEnd: number): boolean {
  if (bytes.readInt32BE(at + BATCH.count) === 0) return false // the cleaner has emptied it
  cursor.bytes = bytes
  cursor.at = at + BATCH.records
  cursor.readInt() // length
  cursor.at++ // attributes
  cursor.readLong() // timestamp
  cursor.readInt() // offset
  const keyLength = cursor.readInt()
  return keyLength >= 4 && cursor.at + 4 <= batchEnd && bytes.readInt16BE(cursor.at + 2) === ABORT_MARKER
}

function decodeRecords(
  batch: Buffer,
  at: number,
  batchEnd: number,
  baseOffset: Offset,
  attributes: number,
  from: Offset,
  into: LogRecord[],
): void {
  const count = batch.readInt32BE(at + BATCH.count)
  const codec = attributes & ATTRIBUTES.codec
  const appendTime = attributes & ATTRIBUTES.logAppendTime ? readInt64(batch, at + BATCH.maxTimestamp) : undefined
  const baseTimestamp = readInt64(batch, at + BATCH.baseTimestamp)
  let bytes = batch
  let end = batchEnd
  cursor.at = at + BATCH.records
  if (codec !== 0 && count > 0) {
    bytes = inflate(codec, batch.subarray(at + BATCH.records, batchEnd), baseOffset)
    end = bytes.length
    cursor.at = 0
  }
  cursor.bytes = bytes

  for (let i = 0; i < count; i++) {
    const length = cursor.readInt()
    const recordEnd = cursor.at + length
    if (!(length > 0 && recordEnd <= end))
      throw new CorruptBatch(`record ${i} of the batch at offset ${baseOffset} ends after it`)
    cursor.at++ // attributes: none are defined
    const timestampDelta = cursor.readLong()
    const offset = baseOffset + cursor.readInt()
    if (offset >= from) {
      const key = view(bytes, cursor.readInt())
      const value = view(bytes, cursor.readInt())
      const headerCount = cursor.readInt()
      const headers = headerCount === 0 ? NO_HEADERS : decodeHeaders(bytes, headerCount, recordEnd)
      if (cursor.at !== recordEnd)
        throw new CorruptBatch(`record ${i} of the batch at offset ${baseOffset} is not as long as it says`)
      into.push({ offset, timestamp: appendTime ?? baseTimestamp + timestampDelta, key, value, headers })
    }
    cursor.at = recordEnd
  }
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
