import type { Offset } from '../../src'
import type { AbortedTransaction } from '../wire/batch-decoder'
import { byTopic, type Request } from './request'

export interface WantedPartition {
  readonly topic: string
  readonly partition: number
  readonly from: Offset
  readonly maxBytes: number
}

export interface FetchedPartition {
  readonly topic: string
  readonly partition: number
  readonly errorCode: number
  readonly lastStableOffset: Offset
  readonly aborted: readonly AbortedTransaction[]
  /** Node nearer to the rack asked from, to be read instead; −1: none. Then there are no batches. */
  readonly preferredReplica: number
  /** Record batches; the last one may be cut off. A view of the whole answer. */
  readonly batches: Buffer
}

const READ_COMMITTED = 1

/** One read of several partitions of one node; it waits up to `maxWaitMs` while none of them has anything. `rack`: where the reader is. */
export const fetch = (
  wanted: readonly WantedPartition[],
  maxWaitMs: number,
  maxBytes: number,
  rack = '',
): Request<{ errorCode: number; partitions: FetchedPartition[] }> => ({
  name: 'Fetch',
  apiKey: 1,
  version: 11,
  flexible: false,
  write(writer) {
    writer.int32(-1).int32(maxWaitMs).int32(1).int32(maxBytes).int8(READ_COMMITTED)
    writer.int32(0).int32(-1) // no session
    const topics = byTopic(wanted)
    writer.int32(topics.length)
    for (const [topic, items] of topics) {
      writer.string(topic).int32(items.length)
      for (const { partition, from, maxBytes: most } of items)
        writer.int32(partition).int32(-1).int64(from).int64(-1).int32(most)
    }
    writer.int32(0).string(rack) // nothing forgotten
  },
  read(reader) {
    reader.int32() // throttle
    const errorCode = reader.int16()
    reader.int32() // session
    const partitions = reader.array(() => {
      const topic = reader.string()
      return reader.array(() => {
        const partition = reader.int32()
        const code = reader.int16()
        reader.int64() // high watermark
        const lastStableOffset = reader.int64()
        reader.int64() // log start
        const aborted = reader.array(() => ({ producerId: reader.int64(), firstOffset: reader.int64() }))
        const preferredReplica = reader.int32()
        const length = reader.int32()
        return {
          topic,
          partition,
          errorCode: code,
          lastStableOffset,
          aborted,
          preferredReplica,
          batches: reader.take(Math.max(0, length)),
        }
      })
    })
    return { errorCode, partitions: partitions.flat() }
  },
})
