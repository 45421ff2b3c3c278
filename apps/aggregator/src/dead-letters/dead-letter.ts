import { header, type LogRecord } from '@quorate/log'
import { isUtf8 } from 'node:buffer'
import { REQUEST } from '../requests/request-key'

/** What the processor says of a dead letter in headers of its own; the others are the original's. A replay is a new request: the key of the first is left out. */
export const SAID = ['quorate-topic', 'quorate-partition', 'quorate-offset', 'quorate-reason', REQUEST] as const

/** Keys of marks in the settings begin so: `dead-letters/<position>`. */
export const MARKS = 'dead-letters/'

/** What an operator has done with a dead letter. */
export interface Mark {
  readonly done: 'replayed' | 'dropped'
  /** RFC 3339 */
  readonly at: string
  readonly by: string
  /** Where it was appended again. */
  readonly position?: string
}

/** A dead letter in a list. Text is UTF-8; what is none is told in base64. */
export interface DeadLetter {
  readonly position: string
  readonly at: string
  readonly reason: string | null
  readonly topic: string | null
  /** Where the original lay: `3@5`. */
  readonly from: string | null
  readonly key: string | null
  readonly bytes: number
  readonly mark: Mark | null
}

/** All of it. */
export interface WholeDeadLetter extends DeadLetter {
  readonly keyBase64?: string
  readonly value: string | null
  readonly valueBase64?: string
  readonly headers: readonly (readonly [name: string, value: string])[]
}

/** The dead letters' topic has one partition. */
export const positionOf = (offset: number): string => `0@${offset}`

/** `0@17`, or `17`; undefined for what is neither. */
export function offsetOf(position: string): number | undefined {
  const found = /^(?:0@)?(\d{1,15})$/.exec(position)
  return found ? Number(found[1]) : undefined
}

export function deadLetterOf(record: LogRecord, mark: Mark | undefined): DeadLetter {
  const partition = header(record, 'quorate-partition')
  const offset = header(record, 'quorate-offset')
  return {
    position: positionOf(record.offset),
    at: new Date(record.timestamp).toISOString(),
    reason: header(record, 'quorate-reason') ?? null,
    topic: header(record, 'quorate-topic') ?? null,
    from: partition === undefined || offset === undefined ? null : `${partition}@${offset}`,
    key: textOf(record.key),
    bytes: record.value?.length ?? 0,
    mark: mark ?? null,
  }
}

export function wholeOf(record: LogRecord, mark: Mark | undefined): WholeDeadLetter {
  const { key, value } = record
  return {
    ...deadLetterOf(record, mark),
    ...(key && !isUtf8(key) ? { keyBase64: key.toString('base64') } : {}),
    value: textOf(value),
    ...(value && !isUtf8(value) ? { valueBase64: value.toString('base64') } : {}),
    headers: originalHeaders(record).map(([name, bytes]) => [name, bytes.toString('utf8')]),
  }
}

/** The original's headers. */
export const originalHeaders = ({ headers }: LogRecord) =>
  headers.filter(([name]) => !(SAID as readonly string[]).includes(name))

const textOf = (bytes: Buffer | null): string | null => (bytes && isUtf8(bytes) ? bytes.toString('utf8') : null)
