import type { Request } from './request'

export interface CommittedOffset {
  readonly partition: number
  /** -1: none was committed. */
  readonly offset: number
  readonly errorCode: number
}

export interface OffsetFetchAnswer {
  readonly errorCode: number
  readonly partitions: readonly CommittedOffset[]
}

/**
 * Committed offsets of a group; `UNSTABLE_OFFSET_COMMIT` for a partition whose offset an open transaction may still
 * move.
 */
export const offsetFetch = (
  group: string,
  topic: string,
  partitions: readonly number[],
): Request<OffsetFetchAnswer> => ({
  name: 'OffsetFetch',
  apiKey: 9,
  version: 7,
  flexible: true,
  write(writer) {
    writer.compactString(group).compactArray(1).compactString(topic).compactArray(partitions.length)
    for (const partition of partitions) writer.int32(partition)
    writer.tags().bool(true).tags() // require stable
  },
  read(reader) {
    reader.int32() // throttle
    const topics = reader.compactArray(() => {
      reader.compactString()
      const committed = reader.compactArray(() => {
        const partition = reader.int32()
        const offset = reader.int64()
        reader.int32() // leader epoch
        reader.compactNullableString() // metadata
        const errorCode = reader.int16()
        reader.tags()
        return { partition, offset, errorCode }
      })
      reader.tags()
      return committed
    })
    return { errorCode: reader.int16(), partitions: topics.flat() }
  },
})
