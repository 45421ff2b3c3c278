import type { Share } from '../src'
import { ByteReader } from './wire/byte-reader'
import { ByteWriter } from './wire/byte-writer'

// The consumer protocol's subscription and assignment (Kafka's ConsumerProtocolSubscription and -Assignment, version
// 0), so that Kafka's tools can show our groups. What we add lies after the fields they know.

/** Only members of our kind share a group. */
export const PROTOCOL = 'quorate'

/** `turn` differs at each `rejoin`: a coordinator starts no rebalance for a follower that sends what it sent before. */
export function encodeSubscription(topic: string, userData: Buffer, turn: number): Buffer {
  const writer = new ByteWriter(64 + userData.length)
  writer.int16(0).int32(1).string(topic).int32(userData.length).raw(userData).int32(turn)
  return writer.bytes.subarray(0, writer.at)
}

/** What a member sent up; empty when it is none of ours. */
export function userDataOf(subscription: Buffer): Buffer {
  try {
    const reader = new ByteReader(subscription)
    reader.int16()
    reader.array(() => reader.string())
    return readBytes(reader)
  } catch {
    return Buffer.alloc(0)
  }
}

export function encodeShare(topic: string, { partitions, userData }: Share): Buffer {
  const writer = new ByteWriter(64 + 4 * partitions.length + userData.length)
  writer.int16(0).int32(1).string(topic).int32(partitions.length)
  for (const partition of partitions) writer.int32(partition)
  writer.int32(userData.length).raw(userData)
  return writer.bytes.subarray(0, writer.at)
}

/** An empty answer is an empty share: the leader did not know of us. */
export function decodeShare(topic: string, assignment: Buffer): Share {
  if (assignment.length === 0) return { partitions: [], userData: Buffer.alloc(0) }
  const reader = new ByteReader(assignment)
  reader.int16()
  const topics = reader.array(() => ({ name: reader.string(), partitions: reader.array(() => reader.int32()) }))
  const partitions = topics.find(({ name }) => name === topic)?.partitions ?? []
  return { partitions, userData: readBytes(reader) }
}

function readBytes(reader: ByteReader): Buffer {
  return reader.take(Math.max(0, reader.int32()))
}
