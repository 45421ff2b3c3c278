const KIB = 1024
const MIB = 1024 * KIB

/** What a broker takes by default (`max.message.bytes`): a batch with one record, its framing included. */
const BROKER_DEFAULT = 1_048_588

/**
 * Every size that the product bounds, in one table; docs/spec/limits.md is the same table with its reasons. What lies
 * further down is derived from what lies above: the largest input that each limit admits fits in every row, record and
 * topic that it leads to, which limits.spec.ts shows. Changing a number here changes what is accepted: raise, never
 * lower.
 */
export const LIMITS = {
  // Names and texts.
  objectIdBytes: 512,
  agentIdBytes: 256,
  sessionBytes: 256,
  stateBytes: 64,
  nameBytes: 256,
  globBytes: 1024,
  reasonCharacters: 4096,
  authorCharacters: 1024,
  ifMatchCharacters: 64,
  requestKeyBytes: 255,

  // Documents.
  /** Arrays and objects inside each other, the outermost included. */
  jsonDepth: 64,
  evidenceBytes: 64 * KIB,
  /** A body by HTTP that is read whole, and one line of a bulk body. */
  bodyBytes: MIB,

  // Policies and agents' settings.
  policies: 1_000,
  policyBytes: 384 * KIB,
  policyStates: 1_000,
  policyElectorate: 10_000,
  policyGroups: 1_000,
  policyHistory: 1_000,
  agentSettings: 100_000,
  agentWeight: 1_000_000,

  // The notifier's configuration: what one object leads to at all of them fits in its row.
  receivers: 250,
  routes: 400,
  silences: 10_000,
  inhibitions: 1_000,

  // The notifier's messages and decisions.
  /** Changes listed in the message of a group; the others are counted. */
  groupChanges: 100,
  groupBytes: 256 * KIB,
  /** Deliveries that the message of a group waits for. */
  groupBehind: 100,
  groupBehindBytes: 64 * KIB,
  /** Why an attempt failed, and what else a reader should know of it. */
  attemptTextBytes: KIB,

  // Objects and what is emitted of them.
  agentsPerObject: 10_000,
  talliedStates: 64,
  viewBytes: 48 * KIB,

  // Rows and records.
  rowKeyBytes: 2 * KIB,
  rowBytes: 512 * KIB,
  /** `max.message.bytes` of the source; of states, changelogs and settings at least this as well. */
  messageBytes: BROKER_DEFAULT,

  // Dead letters.
  deadLetterReasonBytes: KIB,
  deadLetterKeyBytes: 4 * KIB,
  deadLetterHeaders: 32,
  deadLetterHeaderNameBytes: 256,
  deadLetterHeaderValueBytes: KIB,
  deadLetterValueBytes: MIB,
  /** Of a value that is larger: as much from its beginning. */
  deadLetterBeginningBytes: 64 * KIB,
  /** `max.message.bytes` of the dead letters: a record that fills the source's, and what is said of it. */
  deadLetterMessageBytes: BROKER_DEFAULT + 64 * KIB,
} as const

/**
 * Bytes of a batch with one record beyond key, value and headers, at most; and of each header beyond its name and
 * value.
 */
const RECORD_OVERHEAD = 128
const HEADER_OVERHEAD = 12

type Bytes = Buffer | string | null

const bytesOf = (it: Bytes): number => (it === null ? 0 : typeof it === 'string' ? Buffer.byteLength(it) : it.length)

/**
 * Bytes that a record takes of its topic's `max.message.bytes`, in a batch of its own and uncompressed; at most so
 * many.
 */
export function messageBytesOf(record: {
  readonly key: Bytes
  readonly value: Bytes
  readonly headers?: readonly (readonly [name: string, value: Buffer | string])[]
}): number {
  let bytes = RECORD_OVERHEAD + bytesOf(record.key) + bytesOf(record.value)
  for (const [name, value] of record.headers ?? []) bytes += HEADER_OVERHEAD + bytesOf(name) + bytesOf(value)
  return bytes
}

/** A text of at most `most` bytes of UTF-8; what is cut ends in `…`, never inside a character. */
export function cutText(text: string, most: number): string {
  if (text.length * 3 <= most) return text
  // No character takes less than a byte: what is behind is cut in any case.
  const bytes = Buffer.from(text.slice(0, most + 1))
  if (bytes.length <= most) return text
  let end = most - 3
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--
  return `${bytes.toString('utf8', 0, end)}…`
}
