import { BulkThreads } from './bulk-threads'
import { isDamage } from './errors'
import { filePositions } from './file-position'
import type { PartitionStores } from './partition-store'
import { removeFile, SqliteStore } from './sqlite-store'

/** One SQLite file for each partition. */
export const sqliteStores: PartitionStores = {
  open: (options) => SqliteStore.open(options),
  left: (options) => SqliteStore.left(options),
  remove: removeFile,
  isDamage,
  positions: filePositions,
  loader: () => new BulkThreads(),
}
