import type { Log, Logger, Offset } from '@quorate/log'
import type { Checkpoint, PartitionStore } from '@quorate/state-store'
import { StreamsError } from '../errors'
import { offsetsOf } from '../restore/local-store'
import type { Topology } from '../topology'

export interface SourceQuestion {
  readonly log: Log
  readonly topology: Topology
  readonly partition: number
  /** An operator has said that the partition is to go on with the source as it is now. */
  readonly isAcknowledged: (topicId: string) => boolean
  readonly logger: Logger
}

export interface SourceFound {
  /** First offset that it still holds. */
  readonly start: Offset
  readonly offset: Offset
  readonly end: Offset
  /** What was applied once: before that is reached again, the rows are no answer. */
  readonly applied: Offset
  readonly topicId: string
  /** Leadership in which the record before `offset` was written, where that is known. */
  readonly epoch: number | undefined
  /** The source is another than before, and goes on where the operator said: to be committed at once. */
  readonly isOther: boolean
  /** With `isOther`: how far the other log had been applied. */
  readonly before?: Offset | undefined
}

/**
 * Where the source is to be read next; asked after the restore, which may bring a newer checkpoint. The checkpoint
 * travels with the rows, so it is right even where the group's offset has been forgotten. Without a checkpoint there
 * are no rows, whatever the group says was applied: then the changelog is lost, and all that the source still holds is
 * applied again. `store` is restored to the changelog's end.
 * @throws StreamsError where the source is not the log that was applied, until an operator has acknowledged it
 */
export async function findSource(question: SourceQuestion, store: PartitionStore): Promise<SourceFound> {
  const { log, topology, partition, logger } = question
  const { source: topic, group } = topology
  const description = await log.describeTopic(topic)
  if (!description) throw new StreamsError('STREAMS_SOURCE_LOST', `there is no topic ${topic}`)
  const topicId = description.id
  const held = await offsetsOf(log, topic, partition)
  const { checkpoint } = store
  const applied = checkpoint?.source ?? (await log.committed(group, topic, [partition])).get(partition) ?? 0
  const found = { start: held.start, end: held.end, topicId, epoch: undefined, isOther: false }
  const other = checkpoint && (await otherLog(question, checkpoint, topicId, held))
  if (other !== undefined) return { ...found, offset: other, applied: other, isOther: true, before: checkpoint!.source }
  if (applied > held.end)
    throw new StreamsError(
      'STREAMS_SOURCE_LOST',
      `${topic}/${partition} ends at ${held.end}, but ${applied} has been applied: was the topic created again?`,
    )
  if (checkpoint === undefined && applied > 0)
    logger.error(
      { partition, applied, start: held.start },
      'the changelog knows nothing of what was applied: it has been deleted or emptied; reading the source again from its beginning: what it still holds is decided again, what has left it is lost',
    )
  if (checkpoint !== undefined && checkpoint.source < held.start)
    logger.error(
      { partition, applied, start: held.start, lost: held.start - applied },
      'the source no longer holds the records after the last applied one: its retention is shorter than this pause was; going on with what is there',
    )
  const offset = Math.max(checkpoint?.source ?? 0, held.start)
  return { ...found, offset, applied, epoch: offset === checkpoint?.source ? checkpoint.epoch : undefined }
}

/**
 * Before a local file is thrown away because its changelog is another, or shorter: where the source is another, too,
 * what was applied is nowhere else. Whether it is. @throws StreamsError until an operator has acknowledged it
 */
export async function judgeSource(question: SourceQuestion, checkpoint: Checkpoint): Promise<boolean> {
  const { log, topology, partition } = question
  const description = await log.describeTopic(topology.source)
  if (!description) return false
  const held = await offsetsOf(log, topology.source, partition)
  return (await otherLog(question, checkpoint, description.id, held)) !== undefined
}

/** Where to go on in a source that is not the log that was applied; undefined where it is. */
async function otherLog(
  { log, topology, partition, isAcknowledged, logger }: SourceQuestion,
  { source: applied, topic: before, epoch }: Checkpoint,
  topicId: string,
  { start, end }: { readonly start: Offset; readonly end: Offset },
): Promise<Offset | undefined> {
  const place = `${topology.source}/${partition}`
  const isReplaced = before !== undefined && before !== topicId
  if (isReplaced && !isAcknowledged(topicId))
    throw new StreamsError(
      'STREAMS_SOURCE_REPLACED',
      `${place}: ${applied} was applied of the topic ${before}; the one that is there now, ${topicId}, holds ${start} to ${end}. ${WAYS_ON}`,
    )
  const diverged = isReplaced ? start : await divergence(log, topology.source, partition, applied, epoch, end)
  if (diverged === undefined) return undefined
  if (!isAcknowledged(topicId))
    throw new StreamsError(
      'STREAMS_SOURCE_TRUNCATED',
      `${place}: ${applied} was applied, but from ${diverged} on the topic, ${topicId}, holds other records, or none, up to ${end}. ${WAYS_ON}`,
    )
  const from = Math.max(diverged, start)
  logger.warn(
    { partition, applied, from, end, topicId },
    'an operator has acknowledged that the source is another log: going on with what it holds; what was applied stays',
  )
  return from
}

const WAYS_ON =
  'Nothing is applied until an operator has dealt with it: docs/operations.md, "The source is another log"'

async function divergence(
  log: Log,
  topic: string,
  partition: number,
  applied: Offset,
  epoch: number | undefined,
  end: Offset,
): Promise<Offset | undefined> {
  const found = epoch === undefined || epoch < 0 ? undefined : await log.divergence(topic, partition, applied, epoch)
  // A checkpoint of an earlier release has no epoch; the embedded log has none: then only a shorter log is noticed.
  return found ?? (applied > end ? end : undefined)
}
