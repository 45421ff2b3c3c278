import type { Offset } from '../../src'
import type { AbortedTransaction } from '../wire/batch-decoder'
import type { ByteReader } from '../wire/byte-reader'
import type { Request } from './request'

export interface WantedPartition {
  readonly topicId: string
  readonly partition: number
  readonly from: Offset
  /** Leadership in which the reader takes the partition to be; -1: not known. */
  readonly leaderEpoch: number
  /**
   * Leadership in which the record before `from` was written; -1: not known. Brokers tell when it has been replaced
   * since.
   */
  readonly lastEpoch: number
  readonly maxBytes: number
}

export interface FetchedPartition {
  readonly topicId: string
  readonly partition: number
  readonly errorCode: number
  readonly lastStableOffset: Offset
  readonly aborted: readonly AbortedTransaction[]
  /** Node nearer to the rack asked from, to be read instead; −1: none. Then there are no batches. */
  readonly preferredReplica: number
  /** Record batches; the last one may be cut off. A view of the whole answer. */
  readonly batches: Buffer
  /** What was read is no longer in the log from here on. */
  readonly divergesAt?: Offset
}

const READ_COMMITTED = 1
const NO_SESSION = -1
const DIVERGING = 0

/**
 * One read of several partitions of one node; it waits up to `maxWaitMs` while none of them has anything. `rack`: where
 * the reader is. Version 13 is the first that names topics by their ids, so that a topic created again is not read in
 * the place of the first.
 */
export const fetch = (
  wanted: readonly WantedPartition[],
  maxWaitMs: number,
  maxBytes: number,
  rack = '',
): Request<{ errorCode: number; partitions: FetchedPartition[] }> => ({
  name: 'Fetch',
  apiKey: 1,
  version: 13,
  flexible: true,
  write(writer) {
    writer.int32(-1).int32(maxWaitMs).int32(1).int32(maxBytes).int8(READ_COMMITTED)
    writer.int32(0).int32(NO_SESSION)
    const topics = byTopicId(wanted)
    writer.compactArray(topics.size)
    for (const [topicId, items] of topics) {
      writer.raw(Buffer.from(topicId, 'base64url')).compactArray(items.length)
      for (const { partition, leaderEpoch, from, lastEpoch, maxBytes: most } of items)
        writer.int32(partition).int32(leaderEpoch).int64(from).int32(lastEpoch).int64(-1).int32(most).tags()
      writer.tags()
    }
    writer.compactArray(0).compactString(rack).tags() // nothing forgotten
  },
  read(reader) {
    reader.int32() // throttle
    const errorCode = reader.int16()
    reader.int32() // session
    const topics = reader.compactArray(() => {
      const topicId = reader.uuid()
      const partitions = reader.compactArray(() => readPartition(reader, topicId))
      reader.tags()
      return partitions
    })
    reader.tags()
    return { errorCode, partitions: topics.flat() }
  },
})

function readPartition(reader: ByteReader, topicId: string): FetchedPartition {
  const partition = reader.int32()
  const errorCode = reader.int16()
  reader.int64() // high watermark
  const lastStableOffset = reader.int64()
  reader.int64() // log start
  const aborted = reader.compactArray(() => {
    const transaction = { producerId: reader.int64(), firstOffset: reader.int64() }
    reader.tags()
    return transaction
  })
  const preferredReplica = reader.int32()
  const batches = reader.take(Math.max(0, reader.uvarint() - 1))
  let divergesAt: Offset | undefined
  reader.tags((tag, content) => {
    if (tag !== DIVERGING) return
    const epoch = content.int32()
    const end = content.int64()
    if (epoch >= 0 || end >= 0) divergesAt = Math.max(0, end)
  })
  const fetched = { topicId, partition, errorCode, lastStableOffset, aborted, preferredReplica, batches }
  return divergesAt === undefined ? fetched : { ...fetched, divergesAt }
}

function byTopicId(wanted: readonly WantedPartition[]): Map<string, WantedPartition[]> {
  const topics = new Map<string, WantedPartition[]>()
  for (const item of wanted) {
    const known = topics.get(item.topicId)
    if (known) known.push(item)
    else topics.set(item.topicId, [item])
  }
  return topics
}
