import type { Outcome } from '../channels'
import type { OutboxRow } from '../rows/rows'
import { type Backoff, pause } from './backoff'
import type { EndpointQueue } from './endpoint-queue'

export interface OutcomeEffect {
  /** What becomes of the delivery: as the channel said, or dead when it has been tried for too long. */
  readonly outcome: Outcome
  /** ms; of a `retry`. */
  readonly nextAttemptAt: number
  /**
   * To be reported through the fallback: the endpoint, or the delivery, is given up here and now, or the endpoint has
   * been failing for too long.
   */
  readonly report: string | undefined
  /** The endpoint was out of reach and is back. */
  readonly back: boolean
}

export interface Judging {
  readonly backoff: Backoff
  /** In [0, 1). */
  readonly random: () => number
  /** ms that the endpoint may fail until its fallback is told. */
  readonly fallbackAfter: number
}

/** What an outcome means for its delivery and for the endpoint, whose circuit and refusal it moves. */
export function applyOutcome(
  queue: EndpointQueue,
  row: OutboxRow,
  outcome: Outcome,
  now: number,
  judging: Judging,
): OutcomeEffect {
  const { backoff, random } = judging
  const own = now + pause(backoff, row.attempts + 1, random, queue.circuit.isAlive(now))
  if (outcome.kind !== 'retry') {
    const back = queue.circuit.succeeded(now)
    const gone = outcome.kind === 'gone' && queue.refusal === undefined
    if (outcome.kind === 'gone') queue.refusal = 'endpoint-disabled'
    queue.failingSince = undefined
    queue.reported = false
    return { outcome, nextAttemptAt: own, report: gone ? outcome.reason : undefined, back }
  }
  // What the endpoint asks for never shortens a pause of ours.
  const nextAttemptAt = Math.max(own, outcome.notBefore ?? 0)
  if (outcome.throttle) queue.circuit.throttled(now, nextAttemptAt)
  else queue.circuit.failed(now)
  if (now - (row.firstAttemptAt ?? now) >= backoff.total) {
    const { kind: _, ...rest } = outcome
    const reason = `given-up: ${outcome.reason}`
    return { outcome: { ...rest, kind: 'dead', reason }, nextAttemptAt: own, report: reason, back: false }
  }
  // The delivery's own failures count only from the last success of another on.
  queue.failingSince ??= Math.min(now, Math.max(row.firstAttemptAt ?? now, queue.circuit.lastSuccess))
  // An endpoint that put us off is not told before the pause has passed: that is known now.
  const untold = outcome.throttle ? nextAttemptAt : now
  const tooLong = !queue.reported && untold - queue.failingSince >= judging.fallbackAfter
  queue.reported ||= tooLong
  return { outcome, nextAttemptAt, report: tooLong ? `failing: ${outcome.reason}` : undefined, back: false }
}
