import { crc32 } from 'node:zlib'
import { LogError } from '../src/errors'
import type { LogRecord, Offset, OutRecord } from '../src/record'

/**
 * A run is what one row holds: consecutive records of one partition, packed.
 *
 *   record  = i32 key length (−1 = null) · i32 value length (−1 = null) · u16 headers · key · value · header*
 *   header  = u16 name length · i32 value length · name · value
 *   sparse  = (u32 offset − base · f64 timestamp · record)*     what compaction leaves
 *   dense   = record*                                           offsets count up from base, all have the run's timestamp
 *
 * A dense record says nothing about where it lies, so the chunks of several callers are joined by copying.
 */
export interface Run {
  readonly base: Offset
  /** The last offset the run covers; the records at its end may be gone. */
  readonly last: Offset
  /** ms; of its newest record. */
  readonly timestamp: number
  readonly sparse: boolean
  /** ms: from when on its tombstones may go; null while compaction has found none in it. */
  readonly horizon: number | null
  readonly bytes: Buffer
}

/** Records packed and not yet placed. */
export interface Chunk {
  readonly bytes: Buffer
  readonly count: number
}

/**
 * A run is not made longer than this, so that a reader in its middle skips little and retention frees in small steps.
 */
export const RUN_BYTES = 64 * 1024

export const RECORD_HEAD = 10
export const HEADER_HEAD = 6
export const SPARSE_HEAD = 12
/** What a record batch of its own adds in Kafka, so that both adapters refuse at about the same size. */
const BATCH_OVERHEAD = 61

let scratch = Buffer.allocUnsafeSlow(4 * RUN_BYTES)

/**
 * Packs records in order into chunks of about RUN_BYTES. LOG_RECORD_TOO_LARGE names the first that exceeds
 * `maxMessageBytes`.
 */
export function pack(records: readonly OutRecord[], maxMessageBytes: number): Chunk[] {
  const chunks: Chunk[] = []
  let position = 0
  let count = 0
  for (const record of records) {
    reserve(position, bound(record))
    const end = writeRecord(scratch, position, record)
    if (end - position + BATCH_OVERHEAD > maxMessageBytes) throw tooLarge(record, end - position, maxMessageBytes)
    position = end
    count++
    if (position >= RUN_BYTES) {
      chunks.push({ bytes: Buffer.from(scratch.subarray(0, position)), count })
      position = count = 0
    }
  }
  if (count > 0) chunks.push({ bytes: Buffer.from(scratch.subarray(0, position)), count })
  // One giant record must not keep its memory for the life of the process.
  if (scratch.length > 64 * RUN_BYTES) scratch = Buffer.allocUnsafeSlow(4 * RUN_BYTES)
  return chunks
}

function reserve(position: number, bytes: number): void {
  if (position + bytes <= scratch.length) return
  const larger = Buffer.allocUnsafeSlow(2 * (position + bytes))
  scratch.copy(larger, 0, 0, position)
  scratch = larger
}

/** No UTF-16 unit takes more than three bytes of UTF-8. */
const most = (value: Buffer | string | null): number =>
  value === null ? 0 : typeof value === 'string' ? 3 * value.length : value.length

function bound(record: OutRecord): number {
  let bytes = RECORD_HEAD + most(record.key) + most(record.value)
  if (record.headers) for (const [name, value] of record.headers) bytes += HEADER_HEAD + most(name) + most(value)
  return bytes
}

function writeRecord(buffer: Buffer, start: number, record: OutRecord): number {
  const { key, value, headers } = record
  const keyLength = key === null ? -1 : put(buffer, start + RECORD_HEAD, key)
  let position = start + RECORD_HEAD + (keyLength > 0 ? keyLength : 0)
  const valueLength = value === null ? -1 : put(buffer, position, value)
  if (valueLength > 0) position += valueLength
  buffer.writeInt32LE(keyLength, start)
  buffer.writeInt32LE(valueLength, start + 4)
  buffer.writeUInt16LE(headers?.length ?? 0, start + 8)
  if (headers) for (const header of headers) position = writeHeader(buffer, position, header)
  return position
}

function writeHeader(buffer: Buffer, start: number, [name, value]: readonly [string, Buffer | string]): number {
  const nameLength = put(buffer, start + HEADER_HEAD, name)
  const valueLength = put(buffer, start + HEADER_HEAD + nameLength, value)
  buffer.writeUInt16LE(nameLength, start)
  buffer.writeInt32LE(valueLength, start + 2)
  return start + HEADER_HEAD + nameLength + valueLength
}

function put(buffer: Buffer, position: number, value: Buffer | string): number {
  if (typeof value === 'string') return buffer.write(value, position, 'utf8')
  buffer.set(value, position)
  return value.length
}

function tooLarge(record: OutRecord, bytes: number, limit: number): LogError {
  return new LogError(
    'LOG_RECORD_TOO_LARGE',
    `${bytes} bytes for ${record.topic}/${record.partition}, which takes ${limit - BATCH_OVERHEAD}; nothing was written. ` +
      `Send less, or create the topic with a larger maxMessageBytes.`,
  )
}

/** Packs what compaction keeps, with offsets and times of their own. */
export function packSparse(base: Offset, records: readonly LogRecord[]): Buffer {
  const parts: Buffer[] = []
  for (const { offset, timestamp, key, value, headers } of records) {
    const out: OutRecord = { topic: '', partition: 0, key, value, headers }
    const part = Buffer.allocUnsafe(SPARSE_HEAD + bound(out))
    part.writeUInt32LE(offset - base, 0)
    part.writeDoubleLE(timestamp, 4)
    parts.push(part.subarray(0, writeRecord(part, SPARSE_HEAD, out)))
  }
  return Buffer.concat(parts)
}

export const checksum = (bytes: Buffer): number => crc32(bytes)
