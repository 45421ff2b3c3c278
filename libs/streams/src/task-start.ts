import type { Log, Logger, Offset, PartitionOffsets } from '@quorate/log'
import { PartitionStore, removeFile } from '@quorate/state-store'
import { StreamsError } from './errors'
import type { Topology } from './topology'

export interface StartQuestion {
  readonly log: Log
  readonly topology: Topology
  readonly partition: number
  readonly file: string
  /** The store of an earlier round of this task, still open. */
  readonly store: PartitionStore | undefined
  readonly now: number
  readonly logger: Logger
}

export interface Start {
  readonly store: PartitionStore
  readonly changelogEnd: Offset
  /** Where to go on in the source; asked after the restore, which may bring a newer checkpoint. */
  source(): Promise<{ offset: Offset; end: Offset }>
}

/**
 * Reads the truth after fencing: how far the changelog goes, whether the local file can go on from where it is, and where the
 * source is to be read next. A file that cannot is thrown away and built anew from the changelog; the log says why.
 */
export async function findStart({
  log,
  topology,
  partition,
  file,
  store: kept,
  now,
  logger,
}: StartQuestion): Promise<Start> {
  const changelog = await log.describeTopic(topology.changelog)
  if (!changelog) throw new StreamsError('STREAMS_SOURCE_LOST', `the changelog ${topology.changelog} does not exist`)
  const ends = await offsetsOf(log, topology.changelog, partition)
  const options = { file, tables: topology.tables, schemaVersion: topology.schemaVersion, topicId: changelog.id }
  let store = kept ?? PartitionStore.open(options)
  let reason = kept ? undefined : store.rebuilt
  const useless = unusable(store, ends, now, changelog.deleteRetentionMs)
  if (useless !== undefined) {
    reason = useless
    store.close()
    removeFile(file)
    store = PartitionStore.open(options)
  }
  if (reason !== undefined)
    logger.warn({ partition, file, reason }, 'building the local store anew from the changelog; nothing is lost')

  const source = async (): Promise<{ offset: Offset; end: Offset }> => {
    const held = await offsetsOf(log, topology.source, partition)
    const committed = (await log.committed(topology.group, topology.source, [partition])).get(partition)
    // The checkpoint travels with the rows, so it is right even where the group's offset has been forgotten.
    const wanted = store.checkpoint?.source ?? committed ?? held.start
    if (wanted > held.end)
      throw new StreamsError(
        'STREAMS_SOURCE_LOST',
        `${topology.source}/${partition} ends at ${held.end}, but ${wanted} has been applied: was the topic created anew?`,
      )
    if (wanted < held.start)
      logger.error(
        { partition, applied: wanted, start: held.start, lost: held.start - wanted },
        'the source no longer holds the records after the last applied one: its retention is shorter than this pause was; going on with what is there',
      )
    return { offset: Math.max(wanted, held.start), end: held.end }
  }
  return { store, changelogEnd: ends.end, source }
}

/** Why a local file cannot go on, or undefined. */
function unusable(
  store: PartitionStore,
  changelog: PartitionOffsets,
  now: number,
  tombstoneRetentionMs: number,
): string | undefined {
  const position = store.changelogPosition
  if (position === 0) return undefined
  if (position > changelog.end) return `it is at ${position}, beyond the changelog's end ${changelog.end}`
  if (position < changelog.start) return `the changelog begins at ${changelog.start}, behind its position ${position}`
  const age = now - (store.checkpoint?.time ?? 0)
  if (position < changelog.end && age > tombstoneRetentionMs)
    return `it is older than the changelog keeps tombstones (${age} ms)`
  return undefined
}

async function offsetsOf(log: Log, topic: string, partition: number): Promise<PartitionOffsets> {
  const found = (await log.offsets(topic)).find((p) => p.partition === partition)
  if (!found) throw new StreamsError('STREAMS_SOURCE_LOST', `${topic} has no partition ${partition}`)
  return found
}
