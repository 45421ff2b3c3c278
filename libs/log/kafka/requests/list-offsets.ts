import { byTopic, type Request } from './request'

export const EARLIEST = -2
export const LATEST = -1
const READ_COMMITTED = 1

export interface ListedOffset {
  readonly partition: number
  readonly errorCode: number
  readonly offset: number
}

/** The first or, read committed, the last stable offset of partitions, asked of their leader. */
export const listOffsets = (
  partitions: readonly { readonly topic: string; readonly partition: number }[],
  which: typeof EARLIEST | typeof LATEST,
): Request<ListedOffset[]> => ({
  name: 'ListOffsets',
  apiKey: 2,
  version: 2,
  flexible: false,
  write(writer) {
    writer.int32(-1).int8(READ_COMMITTED)
    const topics = byTopic(partitions)
    writer.int32(topics.length)
    for (const [topic, items] of topics) {
      writer.string(topic).int32(items.length)
      for (const { partition } of items) writer.int32(partition).int64(which)
    }
  },
  read(reader) {
    reader.int32() // throttle
    return reader
      .array(() => {
        reader.string()
        return reader.array(() => {
          const partition = reader.int32()
          const errorCode = reader.int16()
          reader.int64() // timestamp
          return { partition, errorCode, offset: reader.int64() }
        })
      })
      .flat()
  },
})
