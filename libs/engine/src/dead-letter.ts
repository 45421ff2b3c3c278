import {
  DEAD_LETTER,
  type DeadLetter,
  type DeadLetterCut,
  type DeadLetterMark,
  type WholeDeadLetter,
} from '@quorate/contracts'
import { header, type LogRecord } from '@quorate/log'
import { isUtf8 } from 'node:buffer'
import { REQUEST } from './requests/request-key'

/**
 * Headers that the processor adds to a dead letter; all others are the original's. The key of the first request is left
 * out, because a replay is a new request.
 */
const OWN_HEADERS: ReadonlySet<string> = new Set([...Object.values(DEAD_LETTER), REQUEST])

/** Prefix of the keys of marks in the settings: `dead-letters/<position>`. */
export const MARKS = 'dead-letters/'

export type Mark = DeadLetterMark

/** Whether the value is valid for its key in the settings. */
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

/** The dead letters' topic has one partition. */
export const positionOf = (offset: number): string => `0@${offset}`

/** Parses `0@17` or `17`; undefined for anything else. */
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

/** What was cut of the original; undefined if it is complete. */
export function cutOf(record: LogRecord): DeadLetterCut | undefined {
  const parts = header(record, DEAD_LETTER.cut)
  if (parts === undefined) return undefined
  const number = (name: string) => {
    const text = header(record, name)
    return text === undefined ? undefined : Number(text)
  }
  const members = {
    keyBytes: number(DEAD_LETTER.keyBytes),
    keySha256: header(record, DEAD_LETTER.keyHash),
    valueBytes: number(DEAD_LETTER.valueBytes),
    valueSha256: header(record, DEAD_LETTER.valueHash),
    headers: number(DEAD_LETTER.headerCount),
  }
  const known = Object.entries(members).filter(([, value]) => value !== undefined)
  return {
    parts: parts.split(',') as DeadLetterCut['parts'],
    ...(Object.fromEntries(known) as Omit<DeadLetterCut, 'parts'>),
  }
}

/** The original's headers. */
export const originalHeaders = ({ headers }: LogRecord) => headers.filter(([name]) => !OWN_HEADERS.has(name))

const textOf = (bytes: Buffer | null): string | null => (bytes && isUtf8(bytes) ? bytes.toString('utf8') : null)
