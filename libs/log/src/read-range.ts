import type { Log } from './log'
import type { LogRecord, Offset } from './record'

export interface Range {
  readonly topic: string
  readonly partition: number
  /** The first offset. */
  readonly from: Offset
  /** The offset behind the last. */
  readonly end: Offset
  /** Of one read. */
  readonly maxBytes?: number
}

/** The records of a range of one partition, batch by batch: as much is in memory as is read ahead. */
export async function* readRange(log: Log, { end, ...place }: Range): AsyncGenerator<readonly LogRecord[]> {
  if (place.from >= end) return
  const reader = log.reader(place)
  try {
    while (reader.position < end) {
      const { records } = await reader.next()
      if (records.length > 0) yield records.filter(({ offset }) => offset < end)
    }
  } finally {
    reader.close()
  }
}
