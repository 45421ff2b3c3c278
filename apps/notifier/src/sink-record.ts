import { decodeChange, isDeeper, LIMITS, type DecodedChange } from '@quorate/contracts'
import type { LogRecord } from '@quorate/log'

/** An object id or the key of an observers record; and an event id: the object id with two numbers. */
const MOST_KEY = LIMITS.objectIdBytes
const MOST_HEADER = 2 * LIMITS.objectIdBytes

/**
 * A record of the sink → the change, or why it is none. The aggregator writes none that is larger than the limits
 * (docs/spec/limits.md); a larger one of somebody else would fit no row here.
 */
export function readChange(record: LogRecord): DecodedChange {
  const { key, value, headers } = record
  if (key !== null && key.length > MOST_KEY) return { reject: `the key has more than ${MOST_KEY} bytes` }
  if (value !== null && value.length > LIMITS.viewBytes)
    return { reject: `the value has ${value.length} bytes, and a view at most ${LIMITS.viewBytes}` }
  for (const [name, bytes] of headers)
    if (name.startsWith('ce_') && bytes.length > MOST_HEADER)
      return { reject: `the header ${name} has more than ${MOST_HEADER} bytes` }
  const decoded = decodeChange(record)
  // A later version may add members: what they hold must be writable again.
  if (decoded.change !== undefined && isDeeper(decoded.change.data, LIMITS.jsonDepth))
    return { reject: `the value is nested more than ${LIMITS.jsonDepth} deep` }
  return decoded
}
