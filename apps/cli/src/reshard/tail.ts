import { BROADCAST, decodeSource } from '@quorate/contracts'
import { type Log, type LogRecord, type OutRecord, partitionOf } from '@quorate/log'
import { recordsOf, type Stretch } from '../simulate/source-topic'

interface Placed {
  readonly record: LogRecord
  readonly partition: number
}

/**
 * What had been appended to the old source and not been applied, in the order of its append times, for the partitions of the new one. Ticks
 * stay behind. Policies and agents' settings stood in every partition: they are taken from the one that has most of them to come, and go to
 * every partition again; where they had been applied already they change nothing.
 */
export async function tailOf(
  log: Log,
  stretches: readonly Stretch[],
  topic: string,
  partitions: number,
): Promise<OutRecord[]> {
  const own: Placed[] = []
  let broadcasts: Placed[] = []
  for (const stretch of stretches) {
    const here: Placed[] = []
    for await (const records of recordsOf(log, stretch))
      for (const record of records) {
        const kind = record.key === null ? decodeSource(record).command?.type : undefined
        const placed = { record, partition: stretch.partition }
        if (kind === 'tick') continue
        if (kind !== undefined && BROADCAST.includes(kind)) here.push(placed)
        else own.push(placed)
      }
    if (here.length > broadcasts.length) broadcasts = here
  }
  const everywhere = new Set(broadcasts)
  return [...own, ...broadcasts].sort(byTime).flatMap((placed) => {
    const { record, partition } = placed
    const { key, value, headers } = record
    // A key that is none becomes a dead letter wherever it lies.
    const to = key === null ? partition % partitions : partitionOf(key, partitions)
    const all = Array.from({ length: partitions }, (_, i) => i)
    return (everywhere.has(placed) ? all : [to]).map((it) => ({ topic, partition: it, key, value, headers }))
  })
}

const byTime = (a: Placed, b: Placed): number =>
  a.record.timestamp - b.record.timestamp || a.partition - b.partition || a.record.offset - b.record.offset
