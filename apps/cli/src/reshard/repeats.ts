import { type LogRecord, partitionOf } from '@quorate/log'
import { knownRequest, requestOf, TABLE } from '@quorate/engine/core'
import type { OldPartition } from './old-partition'

/**
 * Detects repeats of requests that the old partitions have applied: the new ones do not know of them, and would apply
 * them again.
 */
export const repeatsOf =
  (old: readonly OldPartition[]) =>
  (record: LogRecord, partition: number): boolean => {
    const request = requestOf(record.headers)
    const home = record.key === null ? partition : partitionOf(record.key, old.length)
    const from = request && old.find((it) => it.partition === home)
    if (!from) return false
    const time = Math.max(from.clock?.time ?? 0, record.timestamp)
    return knownRequest(from.table(TABLE.requests), request.key, time) !== undefined
  }
