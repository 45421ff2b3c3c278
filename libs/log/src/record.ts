/** A position in a partition: the record's number, from 0. Kafka's int64 kept as a double: exact below 2^53. */
export type Offset = number

/** Header name and value, in the record's order; a name may repeat (Kafka protocol, Record v2). */
export type RecordHeaders = readonly (readonly [name: string, value: Buffer])[]

export const NO_HEADERS: RecordHeaders = []

/**
 * A record as read. `timestamp` in ms: the broker's append time where the topic says `LogAppendTime`, else the
 * producer's.
 */
export interface LogRecord {
  readonly offset: Offset
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: RecordHeaders
  /**
   * Present when this is no record, but stands for those that could not be read: it has their first offset, no key and
   * no value.
   */
  readonly damaged?: DamagedBatch
}

/**
 * Records of a batch that cannot be read although its checksum matches: its producer wrote it so. Reading goes on after
 * `last`. A batch whose checksum does not match is another matter (`LOG_CORRUPT`): then nothing that it says can be
 * trusted, its offsets included.
 */
export interface DamagedBatch {
  /** Offsets of the records that are left out; those of the batch before `first` were read. */
  readonly first: Offset
  readonly last: Offset
  /** `none`, `gzip`, `snappy`, `lz4`, `zstd`, or the number of an unknown one. */
  readonly codec: string
  /** Size of the batch in the log. */
  readonly bytes: number
  /** Written in a transaction, as all that this program writes into a changelog is. */
  readonly transactional: boolean
  /** Records that the batch claims to hold. */
  readonly count: number
  readonly reason: string
}

/** One line that says what a damaged batch was. */
export function describeDamage({ first, last, codec, bytes, count, reason }: DamagedBatch): string {
  const offsets = first === last ? `offset ${first}` : `offsets ${first} to ${last}`
  return `${offsets} of a batch cannot be read: ${reason} (compression ${codec}, ${bytes} bytes in the log, ${count} records by its header)`
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
