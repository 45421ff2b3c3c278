import { byTopic, type Request } from './request'

export interface PartitionBatch {
  readonly topic: string
  readonly partition: number
  /** One whole record batch: Kafka takes no more for a partition in one request. */
  readonly batch: Buffer
}

export interface ProducedBatch {
  readonly topic: string
  readonly partition: number
  readonly errorCode: number
  /** Offset of the batch's first record; -1 when a duplicate is too old for the broker to know it. */
  readonly baseOffset: number
  readonly errorMessage: string | null
}

const ALL_IN_SYNC = -1
const ROOM_FOR_NAMES = 512

/**
 * Appends one batch each to partitions of one leader, outside transactions or under the rules of transaction.version <
 * 2.
 */
export const produce = (
  batches: readonly PartitionBatch[],
  transactionalId: string | null,
  timeoutMs: number,
): Request<ProducedBatch[]> => ({
  name: 'Produce',
  apiKey: 0,
  version: 7,
  flexible: false,
  size: sizeOf(batches),
  write(writer) {
    writer.string(transactionalId).int16(ALL_IN_SYNC).int32(timeoutMs)
    const topics = byTopic(batches)
    writer.int32(topics.length)
    for (const [topic, items] of topics) {
      writer.string(topic).int32(items.length)
      for (const { partition, batch } of items) writer.int32(partition).int32(batch.length).raw(batch)
    }
  },
  read: (reader) =>
    reader
      .array(() => {
        const topic = reader.string()
        return reader.array(() => {
          const produced = { topic, partition: reader.int32(), errorCode: reader.int16(), baseOffset: reader.int64() }
          reader.take(16) // append time, log start
          return { ...produced, errorMessage: null }
        })
      })
      .flat(),
})

/** The same under transaction.version 2: the leader itself adds the partition to the transaction. */
export const produceInTransaction = (
  batches: readonly PartitionBatch[],
  transactionalId: string,
  timeoutMs: number,
): Request<ProducedBatch[]> => ({
  name: 'Produce',
  apiKey: 0,
  version: 12,
  flexible: true,
  size: sizeOf(batches),
  write(writer) {
    writer.compactString(transactionalId).int16(ALL_IN_SYNC).int32(timeoutMs)
    const topics = byTopic(batches)
    writer.compactArray(topics.length)
    for (const [topic, items] of topics) {
      writer.compactString(topic).compactArray(items.length)
      for (const { partition, batch } of items)
        writer
          .int32(partition)
          .uvarint(batch.length + 1)
          .raw(batch)
          .tags()
      writer.tags()
    }
    writer.tags()
  },
  read: (reader) =>
    reader
      .compactArray(() => {
        const topic = reader.compactString()
        const partitions = reader.compactArray(() => {
          const produced = { topic, partition: reader.int32(), errorCode: reader.int16(), baseOffset: reader.int64() }
          reader.take(16) // append time, log start
          reader.compactArray(() => {
            reader.int32() // index in the batch
            reader.compactNullableString()
            reader.tags()
          })
          const errorMessage = reader.compactNullableString()
          reader.tags()
          return { ...produced, errorMessage }
        })
        reader.tags()
        return partitions
      })
      .flat(),
})

const sizeOf = (batches: readonly PartitionBatch[]): number =>
  batches.reduce((sum, { batch }) => sum + batch.length + ROOM_FOR_NAMES, ROOM_FOR_NAMES)
