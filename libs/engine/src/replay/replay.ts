import { decodeSourceAs, objectIdOf } from '@quorate/contracts'
import { describeDamage, partitionOf, type LogRecord } from '@quorate/log'
import { appendedAgain } from '../misplaced'
import { requestOf } from '../requests/request-key'
import { REMEMBERED } from '../requests/requests'
import type { Engine } from './engine'

/** The place of a partition in its topic. */
export interface Place {
  readonly partition: number
  readonly partitions: number
}

/**
 * Processes a record of the source like the processor: it advances stream time; then its routing is checked, before
 * decoding; then it is decoded and applied. A misplaced record has no other effect: the service appends it again to the
 * partition of its key, where it is read again, unless it is too large for that. Records that an operator skipped have
 * no effect.
 */
export function replayRecord(
  engine: Engine,
  record: LogRecord,
  place: Place,
  leftOut?: { skippedBy(offset: number): string | undefined },
): void {
  const skippedBy = leftOut?.skippedBy(record.offset)
  if (skippedBy !== undefined) {
    engine.outlet.rejected(record.offset, `skipped by ${skippedBy}`)
    return
  }
  engine.advance(record.timestamp, record.offset)
  const reason = applied(engine, record, place)
  if (reason !== undefined) engine.outlet.rejected(record.offset, reason)
}

function applied(engine: Engine, record: LogRecord, { partition, partitions }: Place): string | undefined {
  const { key, offset } = record
  const id = key === null ? null : objectIdOf(key)
  if (id === undefined) return 'the key is not an object id: 1–512 bytes of UTF-8 without control characters'
  const owner = key === null ? partition : partitionOf(key, partitions)
  if (owner !== partition) return appendedAgain(record, partition, owner).reject
  if (record.damaged !== undefined) return describeDamage(record.damaged)
  if (isRepeat(engine, record)) return undefined
  const decoded = decodeSourceAs(record, id)
  return decoded.command === undefined ? decoded.reject : engine.apply(decoded.command, offset)
}

/** When each request was applied, by its key: ms. */
const requests = new WeakMap<Engine, Map<string, number>>()

/** A REST request that was already applied within a day: the service ignores its second record. */
function isRepeat(engine: Engine, { headers }: LogRecord): boolean {
  const request = headers.length === 0 ? undefined : requestOf(headers)
  if (request === undefined) return false
  const known = requests.get(engine) ?? new Map<string, number>()
  requests.set(engine, known)
  const at = known.get(request.key)
  if (at !== undefined && at + REMEMBERED > engine.time) return true
  known.set(request.key, engine.time)
  return false
}
