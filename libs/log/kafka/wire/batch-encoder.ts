import type { OutRecord } from '../../src'
import { ATTRIBUTES, BATCH, LENGTH_FROM } from './batch-layout'
import { crc32c } from './crc32c'
import { writeInt64 } from './int64'
import { sizeOfInt, VarintCursor } from './varint'

/** Who writes a batch: what the broker checks duplicates, gaps and fences by. */
export interface ProducerStamp {
  readonly producerId: number
  readonly epoch: number
  readonly transactional: boolean
}

type Bytes = Buffer | string | null
const sizeOf = (bytes: Bytes): number =>
  bytes === null ? -1 : typeof bytes === 'string' ? sizeOfText(bytes) : bytes.length

/** Up to this many characters a loop is quicker than the call into the runtime that measures or writes a string. */
const SHORT = 40

function sizeOfText(text: string): number {
  const { length } = text
  if (length > SHORT) return Buffer.byteLength(text)
  for (let i = 0; i < length; i++) if (text.charCodeAt(i) > 127) return Buffer.byteLength(text)
  return length
}

const cursor = new VarintCursor()

/** Bytes of a record in a batch where it has number `index`, all with one timestamp. */
export function recordSize(record: OutRecord, index: number): number {
  const body = bodySize(record, index, sizeOf(record.key), sizeOf(record.value))
  return sizeOfInt(body) + body
}

/** The least batch that holds a record: what a topic's `max.message.bytes` is compared with. */
export const batchSizeOfOne = (record: OutRecord): number => BATCH.records + recordSize(record, 0)

function bodySize(record: OutRecord, index: number, keySize: number, valueSize: number): number {
  const headers = record.headers
  let size = 3 + sizeOfInt(index) + sizeOfInt(keySize) + sizeOfInt(valueSize) // attributes, timestamp delta 0, header count …
  if (keySize > 0) size += keySize
  if (valueSize > 0) size += valueSize
  if (headers === undefined || headers.length === 0) return size
  size += sizeOfInt(headers.length) - 1 // … of more than one byte
  for (const [name, value] of headers) {
    const nameSize = sizeOfText(name)
    const headerSize = sizeOf(value)
    size += sizeOfInt(nameSize) + nameSize + sizeOfInt(headerSize) + headerSize
  }
  return size
}

/**
 * Encodes records from `first` on into one batch at `out[at…]`, as many as fit in `maxBytes` (one at least) and before
 * `last`. The sequence number of its first record is left open for `stampBatch`. Returns how many records and bytes;
 * `bytes` is 0 when `out` is too small for even one.
 */
export function encodeBatch(
  records: readonly OutRecord[],
  first: number,
  last: number,
  out: Buffer,
  at: number,
  maxBytes: number,
  timestamp: number,
): { count: number; bytes: number } {
  const limit = Math.min(at + maxBytes, out.length)
  cursor.bytes = out
  cursor.at = at + BATCH.records
  let count = 0
  for (; first + count < last; count++) {
    const record = records[first + count]!
    const keySize = sizeOf(record.key)
    const valueSize = sizeOf(record.value)
    const body = bodySize(record, count, keySize, valueSize)
    const end = cursor.at + sizeOfInt(body) + body
    if (end > limit && (count > 0 || end > out.length)) break
    cursor.writeInt(body)
    out[cursor.at++] = 0 // attributes
    out[cursor.at++] = 0 // timestamp delta
    cursor.writeInt(count)
    writeBytes(out, record.key, keySize)
    writeBytes(out, record.value, valueSize)
    writeHeaders(out, record.headers)
  }
  if (count === 0) return { count, bytes: 0 }
  writeHeader(out, at, cursor.at - at, count, timestamp)
  return { count, bytes: cursor.at - at }
}

/** Puts the producer and the first sequence number into a batch and seals it with its CRC. May be done again. */
export function stampBatch(batch: Buffer, { producerId, epoch, transactional }: ProducerStamp, sequence: number): void {
  batch.writeInt16BE(transactional ? ATTRIBUTES.transactional : 0, BATCH.attributes)
  writeInt64(batch, BATCH.producerId, producerId)
  batch.writeInt16BE(epoch, BATCH.producerEpoch)
  batch.writeInt32BE(sequence, BATCH.baseSequence)
  batch.writeUInt32BE(crc32c(batch, BATCH.attributes, batch.length), BATCH.crc)
}

/** Sequence numbers are 31 bits and start again at 0 (Kafka's DefaultRecordBatch.incrementSequence). */
export const sequenceAfter = (sequence: number, count: number): number => (sequence + count) % 0x80000000

function writeHeader(out: Buffer, at: number, bytes: number, count: number, timestamp: number): void {
  writeInt64(out, at + BATCH.baseOffset, 0)
  out.writeInt32BE(bytes - LENGTH_FROM, at + BATCH.length)
  out.writeInt32BE(-1, at + BATCH.leaderEpoch)
  out[at + BATCH.magic] = 2
  out.writeInt32BE(count - 1, at + BATCH.lastOffsetDelta)
  writeInt64(out, at + BATCH.baseTimestamp, timestamp)
  writeInt64(out, at + BATCH.maxTimestamp, timestamp)
  out.writeInt32BE(count, at + BATCH.count)
}

function writeBytes(out: Buffer, bytes: Bytes, size: number): void {
  cursor.writeInt(size)
  if (size <= 0) return
  if (typeof bytes !== 'string') out.set(bytes!, cursor.at)
  else if (size > bytes.length) out.write(bytes, cursor.at, size, 'utf8')
  // As many bytes as characters: it is ASCII, and latin1 is the quicker way to write the same.
  else if (size > SHORT) out.write(bytes, cursor.at, size, 'latin1')
  else for (let i = 0; i < size; i++) out[cursor.at + i] = bytes.charCodeAt(i)
  cursor.at += size
}

function writeHeaders(out: Buffer, headers: OutRecord['headers']): void {
  if (headers === undefined || headers.length === 0) {
    out[cursor.at++] = 0
    return
  }
  cursor.writeInt(headers.length)
  for (const [name, value] of headers) {
    writeBytes(out, name, sizeOfText(name))
    writeBytes(out, value, sizeOf(value))
  }
}
