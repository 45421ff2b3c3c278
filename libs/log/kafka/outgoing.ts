import { LogError, type OutRecord } from '../src'
import { batchSizeOfOne, encodeBatch } from './wire/batch-encoder'

/** Records for one partition, in order. */
export interface PartitionRecords {
  readonly topic: string
  readonly partition: number
  readonly records: OutRecord[]
  /** Where each record was in what the caller handed over. */
  readonly places: number[]
}

export function byPartition(records: readonly OutRecord[]): PartitionRecords[] {
  const groups: PartitionRecords[] = []
  const topics = new Map<string, (PartitionRecords | undefined)[]>()
  let group: PartitionRecords | undefined
  for (const [place, record] of records.entries()) {
    const { topic, partition } = record
    // Neighbours mostly go to the same partition.
    if (!group || group.partition !== partition || group.topic !== topic) {
      let partitions = topics.get(topic)
      if (!partitions) topics.set(topic, (partitions = []))
      group = partitions[partition]
      if (!group) groups.push((group = partitions[partition] = { topic, partition, records: [], places: [] }))
    }
    group.records.push(record)
    group.places.push(place)
  }
  return groups
}

/** Encoded records of one partition: bytes without producer and sequence, which are stamped before sending. */
export interface EncodedBatch {
  readonly bytes: Buffer
  readonly count: number
}

/** Larger batches gain nothing and hold up others; a single larger record still goes, alone. */
const MAX_BATCH_BYTES = 1_000_000

/** Memory for batches, used again for the next ones; what was encoded before `reset` is then overwritten. */
export class Batches {
  private readonly chunks: Buffer[] = []
  private chunk = 0
  private at = 0

  reset(): void {
    this.chunk = 0
    this.at = 0
  }

  /** Splits records into batches that a topic takes. Rejects a record that fits into none with LOG_RECORD_TOO_LARGE. */
  encode(
    group: { topic: string; partition: number; records: readonly OutRecord[] },
    topicMaxBytes: number,
    now: number,
  ): EncodedBatch[] {
    const { topic, partition, records } = group
    const maxBytes = Math.min(MAX_BATCH_BYTES, topicMaxBytes)
    const batches: EncodedBatch[] = []
    for (let first = 0; first < records.length;) {
      let room = this.room(maxBytes)
      let encoded = encodeBatch(records, first, records.length, room, this.at, maxBytes, now)
      if (encoded.bytes === 0 || encoded.bytes > topicMaxBytes) {
        const needed = batchSizeOfOne(records[first]!)
        if (needed > topicMaxBytes)
          throw new LogError(
            'LOG_RECORD_TOO_LARGE',
            `${needed} bytes for ${topic}-${partition}, which takes ${topicMaxBytes}; nothing was appended`,
          )
        room = this.room(needed)
        encoded = encodeBatch(records, first, first + 1, room, this.at, needed, now)
      }
      batches.push({ bytes: room.subarray(this.at, this.at + encoded.bytes), count: encoded.count })
      this.at += encoded.bytes
      first += encoded.count
    }
    return batches
  }

  /** A chunk with `bytes` free at `at`. */
  private room(bytes: number): Buffer {
    for (; ; this.chunk++, this.at = 0) {
      const chunk = this.chunks[this.chunk]
      if (!chunk) return (this.chunks[this.chunk] = Buffer.allocUnsafeSlow(Math.max(bytes, MAX_BATCH_BYTES)))
      if (chunk.length - this.at >= bytes) return chunk
    }
  }
}
