import type { Log, Logger, Offset } from '@quorate/log'
import type { PartitionStore } from '@quorate/state-store'
import { StreamsError } from './errors'
import { offsetsOf } from './local-store'
import type { Topology } from './topology'

export interface SourceQuestion {
  readonly log: Log
  readonly topology: Topology
  readonly partition: number
  /** Restored to the changelog's end. */
  readonly store: PartitionStore
  readonly logger: Logger
}

export interface SourceFound {
  readonly offset: Offset
  readonly end: Offset
  /** What was applied once: before that is reached again, the rows are no answer. */
  readonly applied: Offset
}

/**
 * Where the source is to be read next; asked after the restore, which may bring a newer checkpoint. The checkpoint travels with the
 * rows, so it is right even where the group's offset has been forgotten. Without a checkpoint there are no rows, whatever the group says
 * was applied: then the changelog is lost, and all that the source still holds is applied again.
 */
export async function findSource({ log, topology, partition, store, logger }: SourceQuestion): Promise<SourceFound> {
  const held = await offsetsOf(log, topology.source, partition)
  const checkpoint = store.checkpoint?.source
  const applied = checkpoint ?? (await log.committed(topology.group, topology.source, [partition])).get(partition) ?? 0
  if (applied > held.end)
    throw new StreamsError(
      'STREAMS_SOURCE_LOST',
      `${topology.source}/${partition} ends at ${held.end}, but ${applied} has been applied: was the topic created anew?`,
    )
  if (checkpoint === undefined && applied > 0)
    logger.error(
      { partition, applied, start: held.start },
      'the changelog knows nothing of what was applied: it has been deleted or emptied; reading the source again from its beginning: what it still holds is decided again, what has left it is lost',
    )
  if (checkpoint !== undefined && checkpoint < held.start)
    logger.error(
      { partition, applied, start: held.start, lost: held.start - applied },
      'the source no longer holds the records after the last applied one: its retention is shorter than this pause was; going on with what is there',
    )
  return { offset: Math.max(checkpoint ?? 0, held.start), end: held.end, applied }
}
