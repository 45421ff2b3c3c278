import { DEAD_LETTER } from '@quorate/contracts'
import { header, type LogRecord } from '@quorate/log'
import { isUtf8 } from 'node:buffer'
import { REQUEST } from './requests/request-key'

/** What the processor says of a dead letter in headers of its own; the others are the original's. A replay is a new request: the key of the first is left out. */
const SAID: ReadonlySet<string> = new Set([...Object.values(DEAD_LETTER), REQUEST])

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

/** What was cut, with what tells the whole from others. */
export interface Cut {
  readonly parts: readonly string[]
  readonly keyBytes?: number
  readonly keySha256?: string
  readonly valueBytes?: number
  readonly valueSha256?: string
  readonly headers?: number
}

/** Whether a value of the settings may stand under its key. */
export function isMark(value: unknown, key: string): boolean {
  if (!key.startsWith(MARKS)) return true
  const { done, at, by, position } = Object(value) as Record<keyof Mark, unknown>
  const isText = (it: unknown): boolean => typeof it === 'string'
  return (
    (done === 'replayed' || done === 'dropped') &&
    isText(at) &&
    isText(by) &&
    (position === undefined || isText(position))
  )
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
  /** Of the original value. */
  readonly bytes: number
  /** What is not whole here, because it was larger than a dead letter may be; absent where all of it is. Such a one cannot be replayed. */
  readonly cut?: Cut
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
  const partition = header(record, DEAD_LETTER.partition)
  const offset = header(record, DEAD_LETTER.offset)
  const cut = cutOf(record)
  return {
    position: positionOf(record.offset),
    at: new Date(record.timestamp).toISOString(),
    reason: header(record, DEAD_LETTER.reason) ?? null,
    topic: header(record, DEAD_LETTER.topic) ?? null,
    from: partition === undefined || offset === undefined ? null : `${partition}@${offset}`,
    key: textOf(record.key),
    bytes: cut?.valueBytes ?? record.value?.length ?? 0,
    ...(cut === undefined ? {} : { cut }),
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

/** What was cut of the original; undefined where it is whole. */
export function cutOf(record: LogRecord): Cut | undefined {
  const parts = header(record, DEAD_LETTER.cut)
  if (parts === undefined) return undefined
  const number = (name: string) => {
    const text = header(record, name)
    return text === undefined ? undefined : Number(text)
  }
  const said = {
    keyBytes: number(DEAD_LETTER.keyBytes),
    keySha256: header(record, DEAD_LETTER.keyHash),
    valueBytes: number(DEAD_LETTER.valueBytes),
    valueSha256: header(record, DEAD_LETTER.valueHash),
    headers: number(DEAD_LETTER.headerCount),
  }
  const known = Object.entries(said).filter(([, value]) => value !== undefined)
  return { parts: parts.split(','), ...(Object.fromEntries(known) as Omit<Cut, 'parts'>) }
}

/** The original's headers. */
export const originalHeaders = ({ headers }: LogRecord) => headers.filter(([name]) => !SAID.has(name))

const textOf = (bytes: Buffer | null): string | null => (bytes && isUtf8(bytes) ? bytes.toString('utf8') : null)
