import type { Request } from './request'

export interface NewTopic {
  readonly name: string
  readonly partitions: number
  readonly replication: number
  readonly config: Readonly<Record<string, string>>
}

export interface TopicAnswer {
  readonly name: string
  readonly errorCode: number
  readonly errorMessage: string | null
}

export const createTopics = (topics: readonly NewTopic[], timeoutMs: number): Request<TopicAnswer[]> => ({
  name: 'CreateTopics',
  apiKey: 19,
  version: 4,
  flexible: false,
  write(writer) {
    writer.int32(topics.length)
    for (const { name, partitions, replication, config } of topics) {
      writer.string(name).int32(partitions).int16(replication).int32(0) // no assignments: the controller's choice
      const entries = Object.entries(config)
      writer.int32(entries.length)
      for (const [key, value] of entries) writer.string(key).string(value)
    }
    writer.int32(timeoutMs).bool(false)
  },
  read(reader) {
    reader.int32() // throttle
    return reader.array(() => ({
      name: reader.string(),
      errorCode: reader.int16(),
      errorMessage: reader.nullableString(),
    }))
  },
})

const TOPIC_RESOURCE = 2

export interface TopicConfig extends TopicAnswer {
  readonly entries: ReadonlyMap<string, string | null>
}

/** The settings of topics, with the defaults that hold where none is set. */
export const describeConfigs = (topics: readonly string[], names: readonly string[]): Request<TopicConfig[]> => ({
  name: 'DescribeConfigs',
  apiKey: 32,
  version: 1,
  flexible: false,
  write(writer) {
    writer.int32(topics.length)
    for (const topic of topics) {
      writer.int8(TOPIC_RESOURCE).string(topic).int32(names.length)
      for (const name of names) writer.string(name)
    }
    writer.bool(false) // no synonyms
  },
  read(reader) {
    reader.int32() // throttle
    return reader.array(() => {
      const errorCode = reader.int16()
      const errorMessage = reader.nullableString()
      reader.int8() // resource type
      const name = reader.string()
      const entries = reader.array(() => {
        const entry = [reader.string(), reader.nullableString()] as const
        reader.take(3) // read only, source, sensitive
        reader.array(() => [reader.string(), reader.nullableString(), reader.int8()])
        return entry
      })
      return { name, errorCode, errorMessage, entries: new Map(entries) }
    })
  },
})
