import { LogError, type LogRecord, type Offset } from '@quorate/log'
import { isStoreError } from '@quorate/state-store'
import { StreamsError } from './errors'

/**
 * What one record is refused for, after it has failed alone. `level` rises when the refusal itself fails: 0, the record
 * advances stream time and goes to the dead letters whole; 1, it goes there and does nothing else; 2, what the dead
 * letter says of it is all.
 */
export interface Refusal {
  readonly record: LogRecord
  readonly code: string
  /** Bounded. */
  readonly message: string
  readonly level: 0 | 1 | 2
}

/** A batch failed because of what is in it: other batches would not. `at`: the current record, where that is known. */
export class RecordFault extends Error {
  override readonly name = 'RecordFault'
  constructor(
    override readonly cause: unknown,
    readonly at?: Offset,
    /** The transaction was begun: the task must fence again. */
    readonly begun = false,
  ) {
    super('a batch failed because of a record in it')
  }
}

/**
 * Thrown by a processor that has put aside what made the batch fail, outside of what the batch staged: the same batch
 * runs again from its start, and does not meet it.
 */
export class Contained extends Error {
  override readonly name = 'Contained'
}

/**
 * Whether an error that came while records were applied or sealed is one of their content; not of the store, the disk,
 * the log or the process.
 */
export function isOfContent(error: unknown): boolean {
  if (error instanceof Contained || isStoreError(error)) return false
  if (LogError.is(error)) return error.code === 'LOG_RECORD_TOO_LARGE'
  if (StreamsError.is(error)) return StreamsError.is(error, 'STREAMS_ROW_TOO_LARGE', 'STREAMS_BAD_RESUME')
  const { syscall, name } = Object(error) as { syscall?: unknown; name?: unknown }
  return syscall === undefined && name !== 'AbortError'
}

/** An error of the program as a fault of the current record, where it is one of content; else as it is. */
export function faultOf(error: unknown, at?: Offset): unknown {
  return error instanceof RecordFault || !isOfContent(error) ? error : new RecordFault(error, at)
}

/** An error of a commit as a fault of its records, where what they staged is too large for the log or the store. */
export function faultOfCommit(error: unknown): unknown {
  if (StreamsError.is(error, 'STREAMS_ROW_TOO_LARGE')) return new RecordFault(error)
  return LogError.is(error, 'LOG_RECORD_TOO_LARGE') ? new RecordFault(error, undefined, true) : error
}

const LONGEST = 512

/** Code and message of an error, bounded. */
export function namesOf(error: unknown): { code: string; message: string } {
  const { code, name, message } = Object(error) as { code?: unknown; name?: unknown; message?: unknown }
  const named = [code, name].find((it) => typeof it === 'string' && /^[\w.-]{1,64}$/.test(it)) as string | undefined
  const text = typeof message === 'string' ? message : String(error)
  return { code: named ?? 'Error', message: text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text }
}

/** How a refused record is named in its dead letter. */
export function refusalText(error: unknown): string {
  const { code, message } = namesOf(error)
  return `${code}: ${message}`
}
