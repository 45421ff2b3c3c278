import type { ChangeType } from '@quorate/contracts'
import type { Effect } from '@quorate/vote'

/** Why a record became a dead letter: few values, because it is a label. The full reason is in the record's header. */
export type RejectKind = 'key' | 'contract' | 'policy' | 'damaged' | 'size' | 'failed' | 'skipped'

/**
 * What the processor counts since the start of the process, for the metrics endpoint. A record that is applied again
 * after a failed commit counts again.
 */
export class Counters {
  readonly reports: Record<Effect, number> = { applied: 0, duplicate: 0, expired: 0, mismatch: 0, nothing: 0 }
  /** Commands other than reports and ticks. */
  readonly commands: Record<Effect, number> = { applied: 0, duplicate: 0, expired: 0, mismatch: 0, nothing: 0 }
  readonly deadLetters: Record<RejectKind, number> = {
    key: 0,
    contract: 0,
    policy: 0,
    damaged: 0,
    size: 0,
    failed: 0,
    skipped: 0,
  }
  readonly changes: Record<ChangeType, number> = {
    'object.changed': 0,
    'object.updated': 0,
    'object.deleted': 0,
    'observers.lost': 0,
    'observers.back': 0,
  }
  rerouted = 0
  /** Records of requests that had already been applied (`Idempotency-Key`). */
  repeats = 0
  /** Ticks read. */
  ticks = 0
  /** Ticks appended. */
  ticksAppended = 0
}
