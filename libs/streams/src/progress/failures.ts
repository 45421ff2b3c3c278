import { LOG_ERRORS, LogError } from '@quorate/log'
import { isStoreError, STORE_ERRORS, StoreError } from '@quorate/state-store'
import { STREAMS_ERRORS, StreamsError } from '../errors'

/** What an error that ended a task is called. */
export interface Failure {
  /** A code of docs/errors.md. */
  readonly code: string
  /** Its sentence, which names no object and no content. */
  readonly title: string
  /** Rebalances and elections bring it, and it passes. */
  readonly expected: boolean
}

export function failureOf(error: unknown): Failure {
  if (LogError.is(error)) {
    const { code, action } = error
    return { code, title: LOG_ERRORS[code].title, expected: action === 'refence' || action === 'retry' }
  }
  if (StreamsError.is(error)) return { code: error.code, title: STREAMS_ERRORS[error.code], expected: false }
  if (error instanceof StoreError) return { code: error.code, title: STORE_ERRORS[error.code], expected: false }
  if (isOfDisk(error)) return { code: 'STORE_UNAVAILABLE', title: STORE_ERRORS.STORE_UNAVAILABLE, expected: false }
  return { code: 'STREAMS_TASK_FAILED', title: STREAMS_ERRORS.STREAMS_TASK_FAILED, expected: false }
}

/** Errors of the store or the file system: no permission, a directory where a file should be, a disk that fails. */
function isOfDisk(error: unknown): boolean {
  const { code } = Object(error) as { code?: unknown }
  return isStoreError(error) || (typeof code === 'string' && /^(ERR_FS_|E[A-Z]+$)/.test(code))
}
