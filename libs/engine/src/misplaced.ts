import { LIMITS, messageBytesOf } from '@quorate/contracts'
import type { LogRecord } from '@quorate/log'

type Again = Pick<LogRecord, 'key' | 'value' | 'headers'>

/** A record in the partition `from` whose key belongs to `to`: the record to append again, or why it cannot be. */
export function appendedAgain(
  { key, value, headers, offset }: LogRecord,
  from: number,
  to: number,
): { readonly again: Again; readonly reject?: undefined } | { readonly again?: undefined; readonly reject: string } {
  const origin = ['quorate-rerouted-from', Buffer.from(`${from}@${offset}`)] as const
  const again = { key, value, headers: [...headers, origin] }
  const bytes = messageBytesOf(again)
  if (bytes <= LIMITS.messageBytes) return { again }
  return {
    reject:
      `it belongs to partition ${to} and cannot be appended there: it takes ${bytes} bytes uncompressed, and ` +
      `the limit of the source is ${LIMITS.messageBytes}`,
  }
}
