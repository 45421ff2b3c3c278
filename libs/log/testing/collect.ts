import type { Log, LogRecord, OutRecord, PartitionReader } from '@quorate/log'

const READ_TIMEOUT_MS = 30_000

/** Reads until `enough` says so of what has been read; rejects with what was read when nothing more comes. */
export async function collect(
  reader: PartitionReader,
  enough: number | ((read: readonly LogRecord[]) => boolean),
  timeoutMs = READ_TIMEOUT_MS,
): Promise<LogRecord[]> {
  const read: LogRecord[] = []
  const done = typeof enough === 'number' ? () => read.length >= enough : () => enough(read)
  const deadline = Date.now() + timeoutMs
  while (!done()) {
    if (Date.now() > deadline) throw new Error(`gave up after ${read.length} records at offset ${reader.position}`)
    for (const record of (await reader.next(1_000)).records) read.push(record)
  }
  return read
}

/**
 * Everything that is committed in a partition now, nothing left out: a last record is appended and read up to. What a
 * failed or fenced transaction had left behind could not hide from it.
 */
export async function readTo(log: Log, topic: string, partition: number, from = 0): Promise<LogRecord[]> {
  const [last] = await log.append([{ topic, partition, key: '\u0000last', value: null }])
  const reader = log.reader({ topic, partition, from })
  try {
    const read = await collect(reader, (records) => (records.at(-1)?.offset ?? -1) >= last!.offset)
    return read.filter((record) => record.key?.toString() !== '\u0000last')
  } finally {
    reader.close()
  }
}

/** Records for one partition, one for each value. */
export function records(topic: string, partition: number, values: readonly (string | number)[]): OutRecord[] {
  return values.map((value) => ({ topic, partition, key: `k${value}`, value: String(value) }))
}
