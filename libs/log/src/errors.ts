/** What the catcher should do next. */
export type LogAction =
  | 'close' // another owns this now: drop what is staged, close the task
  | 'refence' // drop what is staged, fence again, read the truth, go on
  | 'retry' // nothing was done; the same call may succeed later
  | 'refuse' // the request itself is wrong: mend it, do not repeat it
  | 'restart' // the operator must act; starting again may help

/**
 * Every error of the log, one row each: the code, what to do, and the sentence that opens its message. docs/errors.md
 * lists exactly these.
 */
export const LOG_ERRORS = {
  LOG_FENCED: { action: 'close', title: 'another writer has taken over this partition' },
  LOG_STALE_MEMBER: { action: 'refence', title: 'the group has moved on to another generation' },
  LOG_IDENTITY_EXPIRED: { action: 'refence', title: 'the log has forgotten a writer that wrote nothing for long' },
  LOG_OUTCOME_UNKNOWN: { action: 'refence', title: 'it is not known whether all of it was written' },
  LOG_UNAVAILABLE: { action: 'retry', title: 'the log is out of reach' },
  LOG_OFFSET_OUT_OF_RANGE: { action: 'refuse', title: 'the offset is not in the log' },
  LOG_TRUNCATED: { action: 'restart', title: 'records that had been read are no longer in the log' },
  LOG_TOPIC_REPLACED: { action: 'restart', title: 'a topic was deleted and created again' },
  LOG_UNKNOWN_TOPIC: { action: 'refuse', title: 'there is no such topic or partition' },
  LOG_TOPIC_MISMATCH: { action: 'restart', title: 'a topic is not as it must be' },
  LOG_RECORD_TOO_LARGE: { action: 'refuse', title: 'a record is larger than its topic takes' },
  LOG_CORRUPT: { action: 'restart', title: 'the log answered with bytes that are no valid records' },
  LOG_UNAUTHORIZED: { action: 'restart', title: 'the log refuses these credentials' },
  LOG_LOCKED: { action: 'restart', title: 'another process uses this log' },
  LOG_CLOSED: { action: 'refuse', title: 'the log has been closed' },
} as const satisfies Record<string, { action: LogAction; title: string }>

export type LogErrorCode = keyof typeof LOG_ERRORS

export class LogError extends Error {
  override readonly name = 'LogError'
  readonly action: LogAction
  /** For LOG_OFFSET_OUT_OF_RANGE: what the log holds. For LOG_TRUNCATED: what was read and is gone. */
  readonly range?: { readonly start: number; readonly end: number }

  constructor(
    readonly code: LogErrorCode,
    detail: string,
    options: { cause?: unknown; range?: { start: number; end: number } } = {},
  ) {
    super(`${LOG_ERRORS[code].title}: ${detail}`, options.cause === undefined ? undefined : { cause: options.cause })
    this.action = LOG_ERRORS[code].action
    if (options.range) this.range = options.range
  }

  static is(error: unknown, ...codes: LogErrorCode[]): error is LogError {
    return error instanceof LogError && (codes.length === 0 || codes.includes(error.code))
  }
}
