import type { SourceOffset } from '../../src'
import type { ProducerIdentity } from './init-producer-id'
import { byTopic, type Request } from './request'

/** A transaction's holder: its id and the identity that the coordinator gave it. */
export interface TransactionHolder extends ProducerIdentity {
  readonly id: string
}

type Partition = { readonly topic: string; readonly partition: number }

/** transaction.version < 2: tells the coordinator which partitions will be written. Returns one error code each. */
export const addPartitions = (holder: TransactionHolder, partitions: readonly Partition[]): Request<number[]> => ({
  name: 'AddPartitionsToTxn',
  apiKey: 24,
  version: 1,
  flexible: false,
  write(writer) {
    writer.string(holder.id).int64(holder.producerId).int16(holder.epoch)
    const topics = byTopic(partitions)
    writer.int32(topics.length)
    for (const [topic, items] of topics) {
      writer.string(topic).int32(items.length)
      for (const { partition } of items) writer.int32(partition)
    }
  },
  read(reader) {
    reader.int32() // throttle
    return reader
      .array(() => {
        reader.string()
        return reader.array(() => {
          reader.int32() // partition
          return reader.int16()
        })
      })
      .flat()
  },
})

/** transaction.version < 2: tells the coordinator that a group's offsets will be written. */
export const addOffsets = (holder: TransactionHolder, group: string): Request<number> => ({
  name: 'AddOffsetsToTxn',
  apiKey: 25,
  version: 1,
  flexible: false,
  write: (writer) => writer.string(holder.id).int64(holder.producerId).int16(holder.epoch).string(group),
  read(reader) {
    reader.int32() // throttle
    return reader.int16()
  },
})

/** Adds the source offset to the transaction, under the member's generation. Version 5 adds the group by itself. */
export const commitOffset = (holder: TransactionHolder, source: SourceOffset, version: 3 | 5): Request<number> => ({
  name: 'TxnOffsetCommit',
  apiKey: 28,
  version,
  flexible: true,
  write(writer) {
    writer.compactString(holder.id).compactString(source.group).int64(holder.producerId).int16(holder.epoch)
    writer
      .int32(source.member?.generation ?? -1)
      .compactString(source.member?.memberId ?? '')
      .compactString(null)
    writer.compactArray(1).compactString(source.topic).compactArray(1)
    writer.int32(source.partition).int64(source.offset).int32(-1).compactString(null).tags()
    writer.tags().tags()
  },
  read(reader) {
    reader.int32() // throttle
    const codes = reader.compactArray(() => {
      reader.compactString()
      return reader.compactArray(() => {
        reader.int32() // partition
        return reader.int16()
      })
    })
    return codes[0]![0]!
  },
})

/** The identity to go on with; unchanged before transaction.version 2. */
export type EndedTransaction = ProducerIdentity & { readonly errorCode: number }

export const endTransaction = (
  holder: TransactionHolder,
  commit: boolean,
  version: 1 | 5,
): Request<EndedTransaction> => ({
  name: 'EndTxn',
  apiKey: 26,
  version,
  flexible: version === 5,
  write(writer) {
    if (version === 5) writer.compactString(holder.id)
    else writer.string(holder.id)
    writer.int64(holder.producerId).int16(holder.epoch).bool(commit)
    if (version === 5) writer.tags()
  },
  read(reader) {
    reader.int32() // throttle
    const errorCode = reader.int16()
    if (version === 1) return { errorCode, producerId: holder.producerId, epoch: holder.epoch }
    return { errorCode, producerId: reader.int64(), epoch: reader.int16() }
  },
})
