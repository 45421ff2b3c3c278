import type { Request } from './request'

export interface EndOfEpoch {
  readonly errorCode: number
  /** The latest leadership up to the one asked for that wrote anything; -1: the broker does not know. */
  readonly epoch: number
  /** The offset behind its last record. */
  readonly end: number
}

/** How far a leadership of a partition wrote (KIP-320), asked of its leader. */
export const offsetForLeaderEpoch = (
  topic: string,
  partition: number,
  leaderEpoch: number,
  epoch: number,
): Request<EndOfEpoch | undefined> => ({
  name: 'OffsetForLeaderEpoch',
  apiKey: 23,
  version: 3,
  flexible: false,
  write(writer) {
    writer.int32(-1).int32(1).string(topic).int32(1).int32(partition).int32(leaderEpoch).int32(epoch)
  },
  read(reader) {
    reader.int32() // throttle
    const ends = reader.array(() => {
      reader.string()
      return reader.array(() => {
        const errorCode = reader.int16()
        reader.int32() // partition
        return { errorCode, epoch: reader.int32(), end: reader.int64() }
      })
    })
    return ends.flat()[0]
  },
})
