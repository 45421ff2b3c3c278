import type { Log, Logger, Offset } from '@quorate/log'
import {
  type ChangelogEntry,
  CHECKPOINT_KEY,
  type Checkpoint,
  compareUtf8,
  decodeCheckpoint,
  type PartitionStore,
} from '@quorate/state-store'
import { judgeDamage } from './damaged-changelog'
import { foreignRows } from './foreign-rows'

/** Entries held before they are sorted and loaded; they bound the memory of a small restore. */
const CHUNK = { entries: 200_000, bytes: 64 * 1024 * 1024 }
/** Read ahead while restoring: larger than in normal running, since nothing else is done meanwhile. */
export const READ_AHEAD = 4 * 1024 * 1024

export interface Restore {
  readonly log: Log
  readonly logger: Logger
  readonly store: PartitionStore
  readonly changelog: string
  readonly partition: number
  /** The changelog's end, read after fencing: nothing more can come. */
  readonly end: Offset
  /** Told the position now and then. */
  readonly onProgress: (position: Offset) => void
  readonly signal: AbortSignal
}

/**
 * Reads the changelog from the store's position to `end` into the store. It ends when the *position* reaches the end,
 * never by counting: markers, aborted records and compaction leave holes. Each chunk is loaded in key order with the
 * position behind it, so an interrupted restore resumes where it stopped.
 */
export async function restore({
  log,
  logger,
  store,
  changelog,
  partition,
  end,
  onProgress,
  signal,
}: Restore): Promise<void> {
  if (store.changelogPosition >= end) return
  const reader = log.reader({ topic: changelog, partition, from: store.changelogPosition, maxBytes: READ_AHEAD })
  try {
    let latest = new Map<string, Buffer | null>()
    let bytes = 0
    let checkpoint: Checkpoint | undefined
    const foreign = foreignRows(logger, changelog, partition)
    const load = (): void => {
      const entries: ChangelogEntry[] = []
      for (const [key, value] of latest) entries.push({ key, value })
      entries.sort((a, b) => compareUtf8(a.key, b.key))
      store.load(entries, reader.position, checkpoint)
      latest = new Map()
      bytes = 0
    }
    while (reader.position < end) {
      signal.throwIfAborted()
      const batch = await reader.next()
      for (const record of batch.records) {
        const { key, value } = record
        if (key === null) {
          judgeDamage(record, changelog, partition, logger)
          continue
        }
        const name = key.toString('utf8')
        if (name === CHECKPOINT_KEY) {
          const read = value ? decodeCheckpoint(value) : undefined
          if (read !== undefined) checkpoint = read
          else foreign(name, record.offset)
          continue
        }
        if (!store.takes(name, value)) {
          foreign(name, record.offset)
          continue
        }
        latest.set(name, value)
        bytes += name.length + (value?.length ?? 0)
      }
      onProgress(reader.position)
      if (latest.size >= CHUNK.entries || bytes >= CHUNK.bytes) load()
    }
    load()
  } finally {
    reader.close()
  }
}
