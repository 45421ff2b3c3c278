import { NO_HEADERS, type LogRecord, type Offset, type RecordHeaders } from '../src/record'
import { HEADER_HEAD, RECORD_HEAD, SPARSE_HEAD, type Run } from './run'

/** Walks a run record by record. Buffers handed out are views of the run's bytes. */
export class RunCursor {
  private position = 0
  private offset: Offset

  constructor(readonly run: Run) {
    this.offset = run.base
  }

  /** Passes over the records before `offset`. */
  skipTo(offset: Offset): void {
    while (this.position < this.run.bytes.length) {
      const start = this.run.sparse ? this.position + SPARSE_HEAD : this.position
      const at = this.run.sparse ? this.run.base + this.run.bytes.readUInt32LE(this.position) : this.offset
      if (at >= offset) return
      this.position = endOf(this.run.bytes, start)
      this.offset = at + 1
    }
  }

  /**
   * Appends records to `into` until `bytes` of them are taken (at least one) or the run ends; returns the bytes taken.
   */
  take(into: LogRecord[], bytes: number): number {
    const buffer = this.run.bytes
    const { sparse, base } = this.run
    const from = this.position
    const length = buffer.length
    let { position, offset } = this
    let timestamp = this.run.timestamp
    while (position < length && (position - from < bytes || position === from)) {
      if (sparse) {
        offset = base + buffer.readUInt32LE(position)
        timestamp = buffer.readDoubleLE(position + 4)
        position += SPARSE_HEAD
      }
      const keyLength = buffer.readInt32LE(position)
      const valueLength = buffer.readInt32LE(position + 4)
      const count = buffer.readUInt16LE(position + 8)
      const valueAt = position + RECORD_HEAD + (keyLength > 0 ? keyLength : 0)
      const key = keyLength < 0 ? null : buffer.subarray(position + RECORD_HEAD, valueAt)
      position = valueAt + (valueLength > 0 ? valueLength : 0)
      const value = valueLength < 0 ? null : buffer.subarray(valueAt, position)
      let headers: RecordHeaders = NO_HEADERS
      if (count > 0) {
        headers = readHeaders(buffer, position, count)
        position = endOfHeaders(buffer, position, count)
      }
      into.push({ offset, timestamp, key, value, headers })
      offset++
    }
    this.position = position
    this.offset = offset
    return position - from
  }

  get done(): boolean {
    return this.position >= this.run.bytes.length
  }

  /** Offset of the next record, or past the run. */
  get next(): Offset {
    if (this.done) return this.run.last + 1
    return this.run.sparse ? this.run.base + this.run.bytes.readUInt32LE(this.position) : this.offset
  }
}

function endOf(buffer: Buffer, start: number): number {
  const key = buffer.readInt32LE(start)
  const value = buffer.readInt32LE(start + 4)
  return endOfHeaders(
    buffer,
    start + RECORD_HEAD + Math.max(key, 0) + Math.max(value, 0),
    buffer.readUInt16LE(start + 8),
  )
}

function endOfHeaders(buffer: Buffer, start: number, count: number): number {
  let position = start
  for (let i = 0; i < count; i++) {
    position += HEADER_HEAD + buffer.readUInt16LE(position) + buffer.readInt32LE(position + 2)
  }
  return position
}

function readHeaders(buffer: Buffer, start: number, count: number): RecordHeaders {
  const headers: (readonly [string, Buffer])[] = []
  let position = start
  for (let i = 0; i < count; i++) {
    const value = position + HEADER_HEAD + buffer.readUInt16LE(position)
    const end = value + buffer.readInt32LE(position + 2)
    headers.push([buffer.toString('utf8', position + HEADER_HEAD, value), buffer.subarray(value, end)])
    position = end
  }
  return headers
}
