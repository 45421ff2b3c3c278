import { decodeChange, isDeeper, LIMITS, type DecodedChange } from '@quorate/contracts'
import type { LogRecord } from '@quorate/log'

/** An object id or the key of an observers record; and an event id: the object id with two numbers. */
const MOST_KEY = LIMITS.objectIdBytes
const MOST_HEADER = 2 * LIMITS.objectIdBytes

/**
 * A record of the sink → the change, or why it is none. A view beyond the limits (docs/spec/limits.md), which an aggregator of an earlier
 * version may have written, is told in a shortened form (bounded-view.ts).
 */
export function readChange(record: LogRecord): DecodedChange {
  const { key, headers } = record
  if (key !== null && key.length > MOST_KEY) return { reject: `the key has more than ${MOST_KEY} bytes` }
  for (const [name, bytes] of headers)
    if (name.startsWith('ce_') && bytes.length > MOST_HEADER)
      return { reject: `the header ${name} has more than ${MOST_HEADER} bytes` }
  const decoded = decodeChange(record)
  // A later version may add members: what they hold must be writable again.
  if (mayBeDeep(record.value) && isDeeper(decoded.change?.data, LIMITS.jsonDepth))
    return { reject: `the value is nested more than ${LIMITS.jsonDepth} deep` }
  return decoded
}

const BRACE = 0x7b
const BRACKET = 0x5b

/** Whether there are enough brackets to nest too deep: almost no view has them, and counting bytes is cheaper than walking the value. */
function mayBeDeep(value: Buffer | null): boolean {
  let open = 0
  if (value !== null) for (let at = 0; at < value.length; at++) if (value[at] === BRACE || value[at] === BRACKET) open++
  return open > LIMITS.jsonDepth
}
