/**
 * What goes wrong at a commit:
 *
 * | kind              | committed | the caller                     |
 * | ----------------- | --------- | ------------------------------ |
 * | `crash-before`    | no        | is gone (CrashError)           |
 * | `crash-after`     | yes       | is gone (CrashError)           |
 * | `unknown-lost`    | no        | hears LOG_OUTCOME_UNKNOWN      |
 * | `unknown-durable` | yes       | hears LOG_OUTCOME_UNKNOWN      |
 * | `fenced`          | no        | LOG_FENCED: the id really is taken by another |
 * | `stale-member`    | no        | LOG_STALE_MEMBER               |
 * | `unavailable`     | no        | LOG_UNAVAILABLE                |
 */
export type FaultKind =
  'crash-before' | 'crash-after' | 'unknown-lost' | 'unknown-durable' | 'fenced' | 'stale-member' | 'unavailable'

export interface Fault {
  readonly kind: FaultKind
  /** The n-th commit through this wrapper, from 1; with `id`, the n-th of that identity. */
  readonly commit: number
  readonly id?: string
}

/** What every call of a crashed process answers. Not a LogError: no product code can know it. */
export class CrashError extends Error {
  override readonly name = 'CrashError'
  constructor() {
    super('the process has crashed (a test said so)')
  }
}
