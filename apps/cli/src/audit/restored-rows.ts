import {
  CHECKPOINT_KEY,
  decodeCheckpoint,
  type Checkpoint,
  type PartitionStore,
  sqliteStores,
  type TableSpec,
} from '@quorate/state-store'
import type { Log } from '@quorate/log'
import { recordsOf, type Stretch } from '../simulate/source-topic'

/** The rows of one partition according to its changelog. Close the store when done. */
export interface RestoredRows {
  readonly store: PartitionStore
  /** Changelog offset of each row, by its key there. */
  readonly offsets: ReadonlyMap<string, number>
  /** undefined: nothing has been committed. */
  readonly checkpoint: Checkpoint | undefined
}

export async function restoredRows(
  log: Log,
  stretch: Stretch,
  tables: readonly TableSpec[],
  schemaVersion: number,
): Promise<RestoredRows> {
  const latest = new Map<string, { readonly value: Buffer | null; readonly offset: number }>()
  for await (const records of recordsOf(log, stretch))
    for (const { key, value, offset } of records) if (key !== null) latest.set(key.toString('utf8'), { value, offset })
  const said = latest.get(CHECKPOINT_KEY)?.value
  const checkpoint = said ? decodeCheckpoint(said) : undefined
  latest.delete(CHECKPOINT_KEY)
  const store = sqliteStores.open({ file: ':memory:', tables, schemaVersion, topicId: stretch.topic })
  store.load(
    [...latest].map(([key, { value }]) => ({ key, value })),
    stretch.end,
    checkpoint,
  )
  return { store, offsets: new Map([...latest].map(([key, { offset }]) => [key, offset] as const)), checkpoint }
}
