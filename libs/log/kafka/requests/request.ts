import type { ByteReader } from '../wire/byte-reader'
import type { ByteWriter } from '../wire/byte-writer'

/** One request of the Kafka protocol in one version, and how its answer is read. */
export interface Request<Answer> {
  readonly name: string
  readonly apiKey: number
  readonly version: number
  /** Flexible versions have a tag section at the end of both headers and of every structure. */
  readonly flexible: boolean
  /** Bytes that the request takes, where they are many. */
  readonly size?: number
  write(writer: ByteWriter): void
  read(reader: ByteReader): Answer
}

/** Groups items by topic as most requests nest them, keeping their order. */
export function byTopic<T extends { readonly topic: string }>(items: readonly T[]): [topic: string, items: T[]][] {
  const topics = new Map<string, T[]>()
  for (const item of items) {
    const known = topics.get(item.topic)
    if (known) known.push(item)
    else topics.set(item.topic, [item])
  }
  return [...topics]
}
