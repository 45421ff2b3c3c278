import type { Log, Logger, Offset } from '@quorate/log'
import type { BulkLoader, PartitionStores } from '@quorate/state-store'
import { bulkRestore } from './bulk-restore'
import type { Clock } from '../clock'
import type { LocalStore } from './local-store'
import { restore } from './restore'
import { RestoreProgress } from '../progress/restore-progress'
import type { Semaphore } from './semaphore'
import type { TaskProgress } from '../progress/task-progress'
import type { Topology } from '../topology'

export interface CatchUp {
  readonly log: Log
  readonly topology: Topology
  readonly partition: number
  readonly logger: Logger
  readonly clock: Clock
  readonly restores: Semaphore
  readonly stores: PartitionStores
  readonly loader: BulkLoader
  readonly local: LocalStore
  /** The changelog's end: where to stop. */
  readonly end: Offset
  readonly signal: AbortSignal
  readonly progress: TaskProgress
  /** Told which store is open now: a load beside this thread closes it, and opens it again. */
  readonly hold: (local: LocalStore | undefined) => void
}

/**
 * Changelog offsets that are read at once, on this thread and without waiting for a place among the restores: a
 * takeover must not stand behind one.
 */
const SHORT_RESTORE = 20_000

/** Brings a local store up to the changelog's end, and shows how far it is. */
export async function catchUp(options: CatchUp): Promise<void> {
  const { log, topology, partition, logger, clock, restores, stores, loader, local, end, signal, progress } = options
  const from = local.store.changelogPosition
  const told = new RestoreProgress({ partition, from, end, logger, now: () => clock.now() })
  progress.restore = told
  const onProgress = (at: Offset): void => {
    told.reach(at)
    progress.restoring(at)
  }
  const order = { log, logger, changelog: topology.changelog, partition, end, signal, onProgress }
  if (end - from <= SHORT_RESTORE && local.store.scheduled) return restore({ ...order, store: local.store })
  const work = (): Promise<void> =>
    local.options.file === ':memory:'
      ? restore({ ...order, store: local.store })
      : bulkRestore({ ...order, local, stores, loader, now: clock.now(), hold: options.hold })
  await restores.run(work, signal)
}
