import { encodeSource, type Resharded, type SourceCommand, UNKNOWN } from '@quorate/contracts'
import { type OutRecord, partitionOf } from '@quorate/log'
import {
  CLOCK,
  type HotObject,
  isSound,
  LAYOUT,
  ownedRows,
  type PartitionTable,
  PENDING,
  REAPPENDED_AT,
  RESHARD,
  storedObject,
  TABLE,
} from '@quorate/engine/core'
import { Settings } from '@quorate/vote'
import type { OldPartition } from './old-partition'
import { ReshardRefused } from './refusal'

type SnapshotRow = readonly [table: string, key: string, value: string]

/** Bytes of base64 per record: far below the limit of a topic. */
const RECORD_BYTES = 256 * 1024
/**
 * Whether the new partitions take over a table that belongs to the partition as a whole. The compiler requires an entry
 * when a table is added. Requests are not moved: the source is searched for their repeats instead (repeats.ts).
 */
const TAKEN: Record<PartitionTable, boolean> = { settings: true, requests: false }
/** Settings rows that belong to the old partition itself. */
const OWN: ReadonlySet<string> = new Set([CLOCK, PENDING, RESHARD, REAPPENDED_AT])

export interface SnapshotOptions {
  readonly topic: string
  readonly partitions: number
  /** The base of new incarnations. */
  readonly base: number
  /** Prefix of the old topics. */
  readonly from: string
}

export interface NewPartition {
  /** `resharded`, then the snapshots. */
  readonly records: readonly OutRecord[]
  readonly objects: number
}

/** The first records of every new partition: everything that the old ones contain, redistributed by object. */
export function newPartitions(old: readonly OldPartition[], options: SnapshotOptions): NewPartition[] {
  const settings = settingsRows(old)
  const builders = Array.from({ length: options.partitions }, () => new Builder(settings))
  for (const it of old)
    for (const [id, value] of it.table(TABLE.object)) builders[partitionOf(id, options.partitions)]!.add(it, id, value)
  // Use the earliest time: deadlines later than it fire at their own times when stream time advances.
  const times = old.flatMap(({ clock }) => clock?.time ?? [])
  const time = times.length === 0 ? 0 : Math.min(...times)
  return builders.map((builder, partition) => builder.build(partition, time, options))
}

/** Policies and agents' settings, of the partition that has applied most of them. */
function settingsRows(old: readonly OldPartition[]): SnapshotRow[] {
  const versionOf = ({ clock }: OldPartition) => clock?.settings ?? 0
  const furthest = [...old].sort((a, b) => versionOf(b) - versionOf(a))[0]
  const tables = Object.entries(TAKEN).flatMap(([table, taken]) => (taken ? [table] : []))
  return tables.flatMap((table) =>
    [...(furthest?.table(table) ?? [])].flatMap(([key, value]): SnapshotRow[] =>
      OWN.has(key) ? [] : [[table, key, value.toString('base64')]],
    ),
  )
}

class Builder {
  readonly #snapshots: SnapshotRow[][] = []
  #bytes = Infinity
  #objects = 0
  #known = 0
  #stale = 0

  constructor(settings: readonly SnapshotRow[]) {
    for (const row of settings) this.#push(row)
  }

  /** An object's own row comes last: it completes the object. */
  add(from: OldPartition, id: string, value: Buffer): void {
    const object = this.#decoded(from, id, value)
    for (const [table, key] of ownedRows(object)) this.#copy(from, table, key)
    this.#push([TABLE.object, id, value.toString('base64')])
    this.#objects++
    if (object.voted === UNKNOWN) return
    this.#known++
    if (object.stale) this.#stale++
  }

  build(partition: number, time: number, { topic, base, from }: SnapshotOptions): NewPartition {
    const counts = { known: this.#known, stale: this.#stale, snapshots: this.#snapshots.length }
    const resharded: Resharded = { base, time, ...counts, layout: LAYOUT, from }
    const commands: SourceCommand[] = [
      { type: 'resharded', data: resharded },
      ...this.#snapshots.map((rows) => ({ type: 'snapshot', data: { rows } }) as const),
    ]
    return {
      objects: this.#objects,
      records: commands.map((command) => ({ topic, partition, ...encodeSource(command) })),
    }
  }

  #decoded(from: OldPartition, id: string, value: Buffer): HotObject {
    const object = storedObject(id, value, new Settings(), (name) => from.table(name))
    if (isSound(object)) return object
    throw new ReshardRefused(
      `The rows of ${JSON.stringify(id)} in the changelog of partition ${from.partition} are inconsistent; ` +
        'quorate audit shows details. Start the aggregators of this release once: they repair rows that an ' +
        'earlier release wrote wrongly.',
    )
  }

  #copy(from: OldPartition, table: string, key: string): void {
    const value = from.table(table).get(key)
    if (value) this.#push([table, key, value.toString('base64')])
  }

  #push(row: SnapshotRow): void {
    const size = row[1].length + row[2].length
    if (this.#bytes + size > RECORD_BYTES) {
      this.#snapshots.push([])
      this.#bytes = 0
    }
    this.#snapshots.at(-1)!.push(row)
    this.#bytes += size
  }
}
