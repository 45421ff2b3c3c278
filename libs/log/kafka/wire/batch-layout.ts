/** Byte offsets of a record batch's header, magic 2 (Kafka protocol, "Record Batch"). */
export const BATCH = {
  baseOffset: 0,
  length: 8,
  leaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  count: 57,
  records: 61,
} as const

/** `length` counts the bytes after itself. */
export const LENGTH_FROM = 12

export const ATTRIBUTES = {
  codec: 0x07,
  logAppendTime: 0x08,
  transactional: 0x10,
  control: 0x20,
} as const

/** The second int16 of a control record's key. */
export const ABORT_MARKER = 0
