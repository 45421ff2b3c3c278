import { NO_HEADERS, type LogRecord, type Offset, type RecordHeaders } from '../../src'
import { VarintCursor } from './varint'

/** One data batch on its way through: where its next record lies. */
export interface OpenBatch {
  readonly lastOffset: Offset
  readonly baseOffset: Offset
  /** With the records inflated. */
  readonly bytes: Buffer
  readonly end: number
  readonly appendTime: number | undefined
  readonly baseTimestamp: number
  at: number
  /** Records not yet decoded. */
  left: number
  /** No record may have an offset below: they ascend. */
  least: Offset
}

/** Records that contradict the batch they are in. */
export class MalformedRecord extends RangeError {}

const cursor = new VarintCursor()

/**
 * Appends records of a batch at or after `from` until they took `maxBytes`, one at least. Returns the bytes that they
 * took.
 * @throws RangeError where the bytes are no record; those before it are in `into`
 */
export function decodeRecords(batch: OpenBatch, from: Offset, maxBytes: number, into: LogRecord[]): number {
  const { baseOffset, lastOffset, bytes, end, appendTime, baseTimestamp } = batch
  let taken = 0
  let { left, least } = batch
  cursor.bytes = bytes
  cursor.at = batch.at
  for (; left > 0 && taken < maxBytes; left--) {
    const length = cursor.readInt()
    const recordEnd = cursor.at + length
    if (!(length > 0 && recordEnd <= end)) throw new MalformedRecord('a record ends outside its batch')
    cursor.at++ // attributes: none are defined
    const timestampDelta = cursor.readLong()
    const offset = baseOffset + cursor.readInt()
    if (offset < least || offset > lastOffset)
      throw new MalformedRecord(`a record has an offset out of order, ${offset}`)
    if (offset >= from) {
      const key = view(bytes, cursor.readInt())
      const value = view(bytes, cursor.readInt())
      const headerCount = cursor.readInt()
      const headers = headerCount === 0 ? NO_HEADERS : decodeHeaders(bytes, headerCount, recordEnd)
      if (cursor.at !== recordEnd) throw new MalformedRecord(`the record at offset ${offset} is not as long as it says`)
      into.push({ offset, timestamp: appendTime ?? baseTimestamp + timestampDelta, key, value, headers })
      taken += length
    }
    least = offset + 1
    cursor.at = recordEnd
    batch.least = least
  }
  batch.at = cursor.at
  batch.left = left
  return taken
}

/** The kind of a control batch's only record: the second int16 of its key. */
export function controlType(bytes: Buffer, at: number, end: number): number {
  cursor.bytes = bytes
  cursor.at = at
  cursor.readInt() // length
  cursor.at++ // attributes
  cursor.readLong() // timestamp
  cursor.readInt() // offset
  if (cursor.readInt() < 4 || cursor.at + 4 > end) throw new MalformedRecord('a control record without a type')
  return bytes.readInt16BE(cursor.at + 2)
}

/** A length too long moves the cursor past the record's end, from where nothing brings it back. */
function view(bytes: Buffer, length: number): Buffer | null {
  if (length < 0) return null
  const start = cursor.at
  return bytes.subarray(start, (cursor.at = start + length))
}

function decodeHeaders(bytes: Buffer, count: number, recordEnd: number): RecordHeaders {
  // A header takes two bytes at least: more of them than that allows is no reason to begin.
  if (count < 0 || 2 * count > recordEnd - cursor.at) throw new MalformedRecord(`a record claims ${count} headers`)
  const headers: (readonly [string, Buffer])[] = []
  for (let i = 0; i < count; i++) {
    const nameLength = cursor.readInt()
    const nameEnd = cursor.at + nameLength
    if (nameLength < 0 || nameEnd > recordEnd) throw new MalformedRecord('a header ends outside its record')
    const name = bytes.toString('utf8', cursor.at, nameEnd)
    cursor.at = nameEnd
    headers.push([name, view(bytes, cursor.readInt()) ?? EMPTY])
  }
  return headers
}

const EMPTY = Buffer.alloc(0)
