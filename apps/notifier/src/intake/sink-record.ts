import { decodeChange, isDeeper, LIMITS, type DecodedChange } from '@quorate/contracts'
import type { LogRecord } from '@quorate/log'

/** An object id or the key of an observers record; and an event id: the object id with two numbers. */
const MOST_KEY = LIMITS.objectIdBytes
const MOST_HEADER = 2 * LIMITS.objectIdBytes

/**
 * A record of the sink → the change, or why it is none. A view beyond the limits (docs/spec/limits.md), which an
 * aggregator of an earlier version may have written, is told in a shortened form (bounded-view.ts).
 */
export function readChange(record: LogRecord): DecodedChange {
  const { key, headers } = record
  if (key !== null && key.length > MOST_KEY) return { reject: `the key has more than ${MOST_KEY} bytes` }
  for (const [name, bytes] of headers)
    if (name.startsWith('ce_') && bytes.length > MOST_HEADER)
      return { reject: `the header ${name} has more than ${MOST_HEADER} bytes` }
  const decoded = decodeChange(record)
  // A later version may add members: what they hold must be writable again.
  if (decoded.change !== undefined && isDeeper(decoded.change.data, LIMITS.jsonDepth))
    return { reject: `the value is nested more than ${LIMITS.jsonDepth} deep` }
  return decoded
}
