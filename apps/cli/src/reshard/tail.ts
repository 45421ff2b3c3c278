import { BROADCAST, decodeSource, REAPPENDED } from '@quorate/contracts'
import { header, type Log, type LogRecord, type OutRecord, partitionOf } from '@quorate/log'
import { recordsOf, type Stretch } from '../simulate/source-topic'
import { ReshardRefused } from './refusal'

interface Placed {
  readonly record: LogRecord
  readonly partition: number
  /** Append time, or that of an earlier record of the partition if the clock was set back in between. */
  readonly time: number
}

interface Broadcast {
  readonly record: LogRecord
  readonly type: string
}

/** What a partition had not applied: its broadcasts, and the records before, between and after them. */
interface Left {
  readonly partition: number
  readonly broadcasts: readonly Broadcast[]
  readonly between: readonly (readonly Placed[])[]
}

export interface TailOptions {
  /** The topic of the new partitions. */
  readonly topic: string
  readonly partitions: number
  /** Partitions were added to the old source: they never had its broadcasts, and the old system does not start. */
  readonly isGrown: boolean
  /** Whether the record repeats a request that was already applied, so that it would have no effect. */
  readonly isRepeat: (record: LogRecord, partition: number) => boolean
}

/**
 * The records of the old source that were not applied, for the partitions of the new one. Records of one partition keep
 * their order; across partitions they follow their append times. Broadcasts (policies, agents' settings) were in every
 * old partition and go to every new partition, each after everything that preceded it in any partition; so every
 * partition must have the same ones pending. Ticks, and settings that were appended again unchanged, are not moved.
 *
 * @throws ReshardRefused if some partitions have applied broadcasts that others have not: their objects would get them
 * twice, and late. In a source that has grown there is no alternative
 */
export async function tailOf(log: Log, stretches: readonly Stretch[], options: TailOptions): Promise<OutRecord[]> {
  const left: Left[] = []
  for (const stretch of stretches) left.push(await leftOf(log, stretch, options))
  const { topic, partitions, isGrown } = options
  if (!isGrown) refuseApart(left)
  const to = ({ key, value, headers }: LogRecord, partition: number): OutRecord => ({
    ...{ topic, partition, key, value, headers },
  })
  const everywhere = Array.from({ length: partitions }, (_, partition) => partition)
  // A partition with fewer pending broadcasts has the last ones: all of them came in the same order.
  const broadcasts = left.reduce<readonly Broadcast[]>((most, it) => longer(most, it.broadcasts), [])
  return [...broadcasts, undefined].flatMap((broadcast, i) => [
    ...left
      .flatMap(({ between }) => between[i + between.length - broadcasts.length - 1] ?? [])
      .sort(byTime)
      // An invalid key becomes a dead letter in any partition.
      .map(({ record, partition }) =>
        to(record, record.key === null ? partition % partitions : partitionOf(record.key, partitions)),
      ),
    ...(broadcast ? everywhere.map((partition) => to(broadcast.record, partition)) : []),
  ])
}

async function leftOf(log: Log, stretch: Stretch, { isRepeat }: TailOptions): Promise<Left> {
  const { partition } = stretch
  const broadcasts: Broadcast[] = []
  const between: Placed[][] = [[]]
  let time = -Infinity
  for await (const records of recordsOf(log, stretch))
    for (const record of records) {
      time = Math.max(time, record.timestamp)
      const type = record.key === null ? decodeSource(record).command?.type : undefined
      const isBroadcast = type !== undefined && BROADCAST.includes(type)
      if (type === 'tick' || isRepeat(record, partition)) continue
      if (!isBroadcast) between.at(-1)!.push({ record, partition, time })
      else if (header(record, REAPPENDED) === undefined) {
        broadcasts.push({ record, type })
        between.push([])
      }
    }
  return { partition, broadcasts, between }
}

function refuseApart(left: readonly Left[]): void {
  const textOf = ({ broadcasts }: Left) =>
    JSON.stringify(broadcasts.map(({ type, record }) => [type, record.value?.toString('base64')]))
  const [first, ...others] = left
  const other = others.find((it) => textOf(it) !== textOf(first!))
  if (!other) return
  const [some, more] = [first!, other].map((it) => `${it.broadcasts.length} in partition ${it.partition}`)
  throw new ReshardRefused(
    `Some partitions have applied policies or agents' settings that others have not (pending: ${some}, ` +
      `${more}). Start the aggregators, wait until no partition lags (/v1/cluster), stop them and try again.`,
  )
}

const longer = <T>(a: readonly T[], b: readonly T[]): readonly T[] => (b.length > a.length ? b : a)

/** Stable: records of one partition keep their order. */
const byTime = (a: Placed, b: Placed): number => a.time - b.time || a.partition - b.partition
