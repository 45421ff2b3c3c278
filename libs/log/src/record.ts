/** A position in a partition: the record's number, from 0. Kafka's int64 kept as a double: exact below 2^53. */
export type Offset = number

/** Header name and value, in the record's order; a name may repeat (Kafka protocol, Record v2). */
export type RecordHeaders = readonly (readonly [name: string, value: Buffer])[]

export const NO_HEADERS: RecordHeaders = []

/** A record as read. `timestamp` in ms: the broker's append time where the topic says `LogAppendTime`, else the producer's. */
export interface LogRecord {
  readonly offset: Offset
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: RecordHeaders
}

/** A record to append. The partition is the caller's decision (`partitionOf`); strings are UTF-8. */
export interface OutRecord {
  readonly topic: string
  readonly partition: number
  readonly key: Buffer | string | null
  readonly value: Buffer | string | null
  readonly headers?: readonly (readonly [name: string, value: Buffer | string])[]
}

/** Where an appended record lies. */
export interface Position {
  readonly topic: string
  readonly partition: number
  readonly offset: Offset
}

/** The last value of a header as UTF-8, or undefined. */
export function header(record: { readonly headers: RecordHeaders }, name: string): string | undefined {
  const { headers } = record
  for (let i = headers.length - 1; i >= 0; i--) if (headers[i]![0] === name) return headers[i]![1].toString('utf8')
  return undefined
}
