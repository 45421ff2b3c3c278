import { setTimeout as sleep } from 'node:timers/promises'
import { encodeSource } from '@quorate/contracts'
import type { Log, Position } from '@quorate/log'
import { recordsOf } from '../simulate/source-topic'
import type { OldPartition } from './old-partition'
import { ReshardRefused } from './refusal'

/** Maximum difference between the brokers' clocks, in ms; more must be fixed first. */
const MOST_SKEW = 60_000

/** The latest time that any of the partitions has reached. */
export const latestTime = (old: readonly OldPartition[]): number =>
  Math.max(0, ...old.flatMap(({ clock }) => clock?.time ?? []))

/**
 * Advances every new partition to the present by a tick. The snapshot has the time of the old partition that was
 * furthest behind: at that time, votes would count again that had expired in others. Waits if the clock of a new leader
 * is behind.
 */
export async function toPresent(log: Log, topic: string, partitions: number, latest: number): Promise<void> {
  let behind = Array.from({ length: partitions }, (_, partition) => partition)
  for (;;) {
    const tick = encodeSource({ type: 'tick' })
    const positions = await log.append(behind.map((partition) => ({ topic, partition, ...tick })))
    const times = await Promise.all(positions.map((position) => timeOf(log, position, partitions)))
    behind = positions.filter((_, i) => times[i]! < latest).map(({ partition }) => partition)
    if (behind.length === 0) return
    const skew = latest - Math.min(...times)
    if (skew > MOST_SKEW)
      throw new ReshardRefused(
        `The clock of the log is ${Math.ceil(skew / 1000)} s behind the time that the old partitions have ` +
          "reached. Set the brokers' clocks, delete the topics of the new prefix and try again.",
      )
    await sleep(skew)
  }
}

async function timeOf(log: Log, { topic, partition, offset }: Position, partitions: number): Promise<number> {
  for await (const [record] of recordsOf(log, { topic, partition, partitions, start: offset, end: offset + 1 }))
    return record!.timestamp
  return 0
}
