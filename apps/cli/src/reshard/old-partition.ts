import { type Checkpoint, CHECKPOINT_KEY, decodeCheckpoint, parseChangelogKey } from '@quorate/state-store'
import type { Log } from '@quorate/log'
import { CLOCK, type ClockRow, PENDING, RESHARD, type ReshardRow, TABLE } from '@quorate/engine/core'
import { recordsOf, type Stretch } from '../simulate/source-topic'
import { ReshardRefused } from './refusal'

/** The rows of one table by key. */
export type Rows = Map<string, Buffer>

/** A partition according to its changelog. */
export interface OldPartition {
  readonly partition: number
  readonly checkpoint: Checkpoint | undefined
  readonly clock: ClockRow | undefined
  readonly base: number
  table(name: string): Rows
}

/**
 * Reads a partition whose writer has been fenced.
 * @throws ReshardRefused if it is in the middle of something that cannot be moved
 */
export async function readOldPartition(log: Log, stretch: Stretch): Promise<OldPartition> {
  const tables = new Map<string, Rows>()
  let checkpoint: Checkpoint | undefined
  const table = (name: string): Rows => {
    const known = tables.get(name) ?? new Map<string, Buffer>()
    tables.set(name, known)
    return known
  }
  for await (const records of recordsOf(log, stretch))
    for (const { key, value } of records) {
      const name = key?.toString('utf8')
      if (name === CHECKPOINT_KEY && value) checkpoint = decodeCheckpoint(value)
      const place = name === undefined ? undefined : parseChangelogKey(name)
      if (!place) continue
      // Copied, because the value is a view of a megabyte.
      if (value) table(place.table).set(place.key, Buffer.from(value))
      else table(place.table).delete(place.key)
    }
  const settings = table(TABLE.settings)
  const clock = parsed<ClockRow>(settings.get(CLOCK))
  const reshard = parsed<ReshardRow>(settings.get(RESHARD))
  refuse(stretch.partition, clock, reshard, settings.has(PENDING))
  return { partition: stretch.partition, checkpoint, clock, base: reshard?.base ?? 0, table }
}

function refuse(
  partition: number,
  clock: ClockRow | undefined,
  reshard: ReshardRow | undefined,
  pending: boolean,
): void {
  const again = 'Start the aggregators, wait until it is done, stop them and try again.'
  if (pending) throw new ReshardRefused(`A policy is being applied to the objects of partition ${partition}. ${again}`)
  if (clock?.guard.incident)
    throw new ReshardRefused(
      `The observers of partition ${partition} are lost (incident ${clock.guard.incident.id}), and its ` +
        `objects are held. ${again}`,
    )
  if (reshard && reshard.importing > 0)
    throw new ReshardRefused(`Partition ${partition} has not completely imported the previous reshard. ${again}`)
}

const parsed = <T>(value: Buffer | undefined): T | undefined =>
  value === undefined ? undefined : (JSON.parse(value.toString('utf8')) as T)
