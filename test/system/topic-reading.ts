import { header, type Log, type LogRecord } from '@quorate/log'

/** Every committed record of a topic up to its current ends, by partition. */
export async function readTopic(log: Log, topic: string): Promise<LogRecord[][]> {
  const partitions: LogRecord[][] = []
  for (const { partition, start, end } of await log.offsets(topic)) {
    const records: LogRecord[] = []
    const reader = log.reader({ topic, partition, from: start, maxBytes: 8 << 20 })
    while (reader.position < end) records.push(...(await reader.next()).records.filter(({ offset }) => offset < end))
    reader.close()
    partitions[partition] = records
  }
  return partitions
}

/** Headers as text. */
export const headersOf = ({ headers }: LogRecord): Record<string, string> =>
  Object.fromEntries(headers.map(([name, value]) => [name, value.toString('utf8')]))

/** A record of the source as a line for `quorate simulate`: its append time, its offset, its key, kind and value. */
export function scenarioLine(record: LogRecord): string {
  const { timestamp, offset, key, value } = record
  const { type, ...data } = (value === null ? {} : JSON.parse(value.toString('utf8'))) as { type?: string }
  return JSON.stringify({
    at: timestamp,
    offset,
    ...(key === null ? {} : { object: key.toString('utf8') }),
    type: header(record, 'ce_type') ?? type ?? 'report',
    data: value === null ? null : data,
  })
}
