import type { Request } from './request'

export interface MetadataAnswer {
  readonly nodes: readonly { readonly nodeId: number; readonly host: string; readonly port: number }[]
  readonly topics: readonly TopicMetadata[]
}

export interface TopicMetadata {
  readonly errorCode: number
  readonly name: string
  readonly id: string
  readonly partitions: readonly PartitionMetadata[]
}

export interface PartitionMetadata {
  readonly partition: number
  /** -1 while there is none. */
  readonly leader: number
  readonly leaderEpoch: number
  readonly replicas: readonly number[]
}

const NO_TOPIC_ID = Buffer.alloc(16)

/** Nodes, and the leaders of some topics. Version 10 is the first with topic ids. */
export const metadata = (topics: readonly string[]): Request<MetadataAnswer> => ({
  name: 'Metadata',
  apiKey: 3,
  version: 10,
  flexible: true,
  write(writer) {
    writer.compactArray(topics.length)
    for (const topic of topics) writer.raw(NO_TOPIC_ID).compactString(topic).tags()
    writer.bool(false).bool(false).bool(false).tags() // create none, authorized operations neither
  },
  read(reader) {
    reader.int32() // throttle
    const nodes = reader.compactArray(() => {
      const node = { nodeId: reader.int32(), host: reader.compactString(), port: reader.int32() }
      reader.compactNullableString() // rack
      reader.tags()
      return node
    })
    reader.compactNullableString() // cluster id
    reader.int32() // controller
    const answered = reader.compactArray(() => {
      const errorCode = reader.int16()
      const name = reader.compactString()
      const id = reader.uuid()
      reader.bool() // internal
      const partitions = reader.compactArray(() => {
        reader.int16() // error: what it says, the leader says too
        const partition = reader.int32()
        const leader = reader.int32()
        const leaderEpoch = reader.int32()
        const replicas = reader.compactArray(() => reader.int32())
        reader.compactArray(() => reader.int32()) // in sync
        reader.compactArray(() => reader.int32()) // offline
        reader.tags()
        return { partition, leader, leaderEpoch, replicas }
      })
      reader.int32() // authorized operations
      reader.tags()
      return { errorCode, name, id, partitions }
    })
    return { nodes, topics: answered }
  },
})
