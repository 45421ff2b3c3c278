import type { BulkLoader, PartitionStores } from '@quorate/state-store'
import { judgeDamage } from './damaged-changelog'
import { foreignRows } from './foreign-rows'
import { closeStore, type LocalStore } from './local-store'
import { READ_AHEAD, type Restore } from './restore'

export interface BulkRestore extends Omit<Restore, 'store'> {
  readonly local: LocalStore
  readonly stores: PartitionStores
  readonly loader: BulkLoader
  /** Wall time, ms. */
  readonly now: number
  /** Told which store is open: none while the load has the file, then the loaded one. */
  readonly hold: (local: LocalStore | undefined) => void
}

/**
 * The same as `restore`, for much: this thread reads and another sorts and writes, each partition its own, so that all
 * cores work. Whatever ends it, what was written stays with its position, and the next attempt goes on there.
 */
export async function bulkRestore(options: BulkRestore): Promise<void> {
  const { log, logger, local, stores, loader, now, changelog, partition, end, onProgress, signal, hold } = options
  const from = local.store.changelogPosition
  if (from >= end && local.store.scheduled) return
  closeStore(local, logger)
  hold(undefined)
  const onForeign = foreignRows(logger, changelog, partition)
  const reader = log.reader({ topic: changelog, partition, from, maxBytes: READ_AHEAD })
  try {
    await loader.load({ ...local.options, startedAt: now, onForeign }, async (load) => {
      while (reader.position < end) {
        signal.throwIfAborted()
        const { records, next } = await reader.next()
        for (const record of records) if (record.key === null) judgeDamage(record, changelog, partition, logger)
        await load.add(records, next)
        onProgress(next)
      }
    })
  } finally {
    reader.close()
  }
  hold({ ...local, store: stores.open(local.options) })
}
