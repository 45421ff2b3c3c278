/** Every error of streams, one row each. docs/errors.md lists exactly these. */
export const STREAMS_ERRORS = {
  STREAMS_TASK_CLOSED: 'the task has been closed or moved to another instance',
  STREAMS_NOT_RUNNING: 'the partition is not running here (restoring, or owned elsewhere)',
  STREAMS_NOT_OWNER: 'another instance owns this partition',
  STREAMS_TIMEOUT: 'the position was not reached in time',
  STREAMS_BAD_RESUME: 'a processor answered an offset outside its batch',
  STREAMS_SOURCE_LOST: 'a topic does not hold what has been applied already',
  STREAMS_SOURCE_REPLACED:
    'the source was deleted and created again; bring it back, or continue with `quorate acknowledge-source` (for the notifier, with `--notifier`)',
  STREAMS_SOURCE_TRUNCATED:
    'the source has lost records that were applied; bring them back, or continue with `quorate acknowledge-source` (for the notifier, with `--notifier`)',
  STREAMS_OTHER_APPLICATION: 'another application id writes to the same topics',
  STREAMS_SOURCE_GROWN: 'partitions were added to the source, and keys lie in others now',
  STREAMS_TASK_FAILED: 'a batch cannot be processed: a fault of ours',
  STREAMS_STALLED: 'records wait, and none is applied',
  STREAMS_TIME_AHEAD: 'the time of the log is ahead of the clock of this host',
  STREAMS_CHANGELOG_DAMAGED: 'records of the changelog cannot be read',
  STREAMS_SETTINGS_UNREAD: 'the settings topic is not followed any more, or cannot be read',
  STREAMS_ROW_TOO_LARGE: 'a changelog value is larger than 512 KiB',
} as const

export type StreamsErrorCode = keyof typeof STREAMS_ERRORS

export class StreamsError extends Error {
  override readonly name = 'StreamsError'
  constructor(
    readonly code: StreamsErrorCode,
    detail: string,
    options: { cause?: unknown } = {},
  ) {
    super(`${STREAMS_ERRORS[code]}: ${detail}`, options)
  }

  static is(error: unknown, ...codes: StreamsErrorCode[]): error is StreamsError {
    return error instanceof StreamsError && (codes.length === 0 || codes.includes(error.code))
  }
}
