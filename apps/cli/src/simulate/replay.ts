import { decodeSourceAs, objectIdOf } from '@quorate/contracts'
import { partitionOf, type LogRecord } from '@quorate/log'
import type { Engine } from './engine'

/** Where a partition lies in its topic. */
export interface Place {
  readonly partition: number
  readonly partitions: number
}

/**
 * Takes a record of the source as the processor does: it moves time on; then its routing is judged, before decoding; then it is decoded
 * and applied. A misplaced record does nothing else: the service appends it again to the partition of its key, where it is met again.
 */
export function replayRecord(engine: Engine, record: LogRecord, place: Place): void {
  engine.advance(record.timestamp, record.offset)
  const reason = applied(engine, record, place)
  if (reason !== undefined) engine.outlet.rejected(record.offset, reason)
}

function applied(engine: Engine, record: LogRecord, { partition, partitions }: Place): string | undefined {
  const { key, offset } = record
  const id = key === null ? null : objectIdOf(key)
  if (id === undefined) return 'the key is no object id: 1–512 bytes of UTF-8 without control characters'
  if (key !== null && partitionOf(key, partitions) !== partition) return undefined
  const decoded = decodeSourceAs(record, id)
  return decoded.command === undefined ? decoded.reject : engine.apply(decoded.command, offset)
}
