import { createHash } from 'node:crypto'
import { cutText, LIMITS } from './limits'

/** A record as it was read. */
export interface OriginalRecord {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly (readonly [name: string, value: Buffer])[]
}

/** Where it lay. */
export interface Origin {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

export interface DeadLetterRecord {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly (readonly [name: string, value: Buffer | string])[]
}

/** What a dead letter says of the original, in headers behind the original's own. */
export const DEAD_LETTER = {
  topic: 'quorate-topic',
  partition: 'quorate-partition',
  offset: 'quorate-offset',
  reason: 'quorate-reason',
  /**
   * `failed`: it could not be applied. `skipped`: an operator left it out. Absent where the record itself is at fault.
   */
  kind: 'quorate-kind',
  /** Who left it out, and the last offset where that is a stretch. */
  by: 'quorate-by',
  through: 'quorate-through',
  /** Which parts are not whole, joined by commas: `key`, `value`, `headers`. Absent where all of them are. */
  cut: 'quorate-cut',
  /** Of a key or value that was cut: bytes and SHA-256 (hexadecimal) of the whole. Of headers: how many there were. */
  keyBytes: 'quorate-key-bytes',
  keyHash: 'quorate-key-sha256',
  valueBytes: 'quorate-value-bytes',
  valueHash: 'quorate-value-sha256',
  headerCount: 'quorate-header-count',
} as const

/** Names that are ours alone: in an original they would pass for what is said of it. */
const OURS: ReadonlySet<string> = new Set(Object.values(DEAD_LETTER))

type Headers = (readonly [name: string, value: Buffer | string])[]

/**
 * The dead letter of a record: its own key, value and headers as far as they fit (docs/spec/limits.md), and headers
 * that say where it lay, why it is here, and what was cut. Whatever the original was, this fits in the topic.
 */
export function deadLetterOf(
  original: OriginalRecord,
  { topic, partition, offset }: Origin,
  reason: string,
): DeadLetterRecord {
  const cut: string[] = []
  const said: Headers = [
    [DEAD_LETTER.topic, topic],
    [DEAD_LETTER.partition, String(partition)],
    [DEAD_LETTER.offset, String(offset)],
    [DEAD_LETTER.reason, cutText(reason, LIMITS.deadLetterReasonBytes)],
  ]
  const { deadLetterKeyBytes, deadLetterValueBytes, deadLetterBeginningBytes } = LIMITS
  const { headers, whole } = headersOf(original.headers)
  let { key, value } = original
  if (key !== null && key.length > deadLetterKeyBytes) {
    cut.push('key')
    said.push([DEAD_LETTER.keyBytes, String(key.length)], [DEAD_LETTER.keyHash, sha256(key)])
    key = beginning(key, deadLetterKeyBytes)
  }
  if (value !== null && value.length > deadLetterValueBytes) {
    cut.push('value')
    said.push([DEAD_LETTER.valueBytes, String(value.length)], [DEAD_LETTER.valueHash, sha256(value)])
    value = beginning(value, deadLetterBeginningBytes)
  }
  if (!whole) {
    cut.push('headers')
    said.push([DEAD_LETTER.headerCount, String(original.headers.length)])
  }
  if (cut.length > 0) said.push([DEAD_LETTER.cut, cut.join(',')])
  return { key, value, headers: [...headers, ...said] }
}

/** Not inside a character, where it is text. */
function beginning(bytes: Buffer, most: number): Buffer {
  let end = most
  while (end > most - 4 && (bytes[end]! & 0xc0) === 0x80) end--
  return bytes.subarray(0, end)
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

/** The first of them, each as far as it fits; a name or value that does not is cut. */
function headersOf(original: OriginalRecord['headers']): { headers: Headers; whole: boolean } {
  const { deadLetterHeaders, deadLetterHeaderNameBytes, deadLetterHeaderValueBytes } = LIMITS
  const headers: Headers = []
  let whole = original.length <= deadLetterHeaders
  for (const [name, value] of original.slice(0, deadLetterHeaders)) {
    if (OURS.has(name)) continue
    const short = cutText(name, deadLetterHeaderNameBytes)
    if (short !== name || value.length > deadLetterHeaderValueBytes) whole = false
    headers.push([short, value.subarray(0, deadLetterHeaderValueBytes)])
  }
  return { headers, whole }
}
