import type { Outcome } from '../channels'
import type { OutboxRow } from '../outbox/rows'
import { type Backoff, pause } from './backoff'
import type { EndpointQueue } from './endpoint-queue'

export interface Verdict {
  /** What becomes of the delivery: as the channel said, or dead when it has been tried for too long. */
  readonly outcome: Outcome
  /** ms; of a `retry`. */
  readonly nextAttemptAt: number
  /** The endpoint, or the delivery, is given up here and now: to be reported through the fallback. */
  readonly gaveUp: boolean
  /** The endpoint was out of reach and is back. */
  readonly back: boolean
}

export interface Judging {
  readonly backoff: Backoff
  /** In [0, 1). */
  readonly random: () => number
}

/** What an outcome means for its delivery and for the endpoint, whose circuit and refusal it moves. */
export function judgeOutcome(
  queue: EndpointQueue,
  row: OutboxRow,
  outcome: Outcome,
  now: number,
  { backoff, random }: Judging,
): Verdict {
  const own = now + pause(backoff, row.attempts + 1, random)
  if (outcome.kind !== 'retry') {
    const back = queue.circuit.succeeded()
    const gaveUp = outcome.kind === 'gone' && queue.refusal === undefined
    if (outcome.kind === 'gone') queue.refusal = 'endpoint-disabled'
    return { outcome, nextAttemptAt: own, gaveUp, back }
  }
  if (outcome.throttle) queue.circuit.throttled(outcome.notBefore ?? own)
  else queue.circuit.failed(now)
  if (now - (row.firstAttemptAt ?? now) >= backoff.total) {
    const { kind: _, ...rest } = outcome
    return {
      outcome: { ...rest, kind: 'dead', reason: `given-up: ${outcome.reason}` },
      nextAttemptAt: own,
      gaveUp: true,
      back: false,
    }
  }
  return {
    outcome,
    nextAttemptAt: outcome.notBefore === undefined ? own : Math.max(outcome.notBefore, outcome.throttle ? 0 : own),
    gaveUp: false,
    back: false,
  }
}
