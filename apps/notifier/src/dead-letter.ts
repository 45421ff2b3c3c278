import type { LogRecord } from '@quorate/log'
import type { Forwarded, TaskContext } from '@quorate/streams'

/** The output of the topology for records that cannot be read. */
export const DEAD_LETTERS = 'dead-letters'

/** The original key and bytes; headers say where it lay and why it is here (design.md, "Topics"). */
export function deadLetter(record: LogRecord, { source, partition }: TaskContext, reason: string): Forwarded {
  return {
    key: record.key,
    value: record.value,
    headers: [
      ...record.headers,
      ['quorate-topic', source],
      ['quorate-partition', String(partition)],
      ['quorate-offset', String(record.offset)],
      ['quorate-reason', reason],
    ],
  }
}
