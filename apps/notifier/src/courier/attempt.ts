import type { Logger } from '@quorate/log'
import type { Clock } from '@quorate/streams'
import type { Outcome } from '../channels'
import type { Backoff } from './backoff'
import type { CourierEndpoint, CourierEvents } from './endpoint'
import type { EndpointQueue, LaneHead } from './endpoint-queue'
import type { Settlement } from './settle'
import type { Together } from './together'
import { judgeOutcome } from './verdict'

export interface AttemptContext {
  readonly clock: Clock
  readonly logger: Logger
  readonly events: CourierEvents
  /** In [0, 1). */
  readonly random: () => number
  readonly backoff: Backoff
  /** Where what is given up at an endpoint goes instead. */
  readonly fallbackOf: (endpoint: string) => CourierEndpoint['fallback']
  /** ms until a delivery that waited for an endpoint is sent, once the endpoint is back. */
  readonly spread: () => number
}

/** One attempt to send what is due, and what came of it; never rejects. */
export async function attempt(
  context: AttemptContext,
  queue: EndpointQueue,
  { key, row }: LaneHead,
  { id, message }: Together,
): Promise<Settlement> {
  const { clock, events, random, backoff } = context
  const begun = clock.now()
  const { sender, refusal } = queue
  const fingerprint = sender?.fingerprint ?? ''
  if (!sender || refusal !== undefined) {
    const outcome = { kind: 'dead', reason: refusal ?? 'endpoint-removed' } as const
    const never = { attempted: false, at: begun, nextAttemptAt: begun, fallback: undefined }
    return { key, row, outcome, fingerprint, ...never }
  }
  const done = row.done ? { done: row.done } : {}
  const outgoing = { id, message, attempt: row.attempts + 1, at: begun, ...done }
  const said = await sender.send(outgoing).catch((error: unknown) => threw(context, queue, error))
  const at = clock.now()
  events.attempted(queue.name, said.kind, (at - begun) / 1000)
  const { outcome, nextAttemptAt, gaveUp, back } = judgeOutcome(queue, row, said, at, { backoff, random })
  if (back) queue.hurry(at, context.spread)
  if (outcome.kind === 'dead' || outcome.kind === 'gone') complain(context, queue, row.id, outcome)
  const fallback = gaveUp ? context.fallbackOf(queue.name) : undefined
  const stands = sender.standing !== undefined
  return { key, row, outcome, attempted: true, stands, at, nextAttemptAt, fingerprint, fallback }
}

/** Senders never reject; where one does all the same, that is an attempt that failed, and our fault. */
function threw({ logger }: AttemptContext, queue: EndpointQueue, error: unknown): Outcome {
  logger.error({ err: error, endpoint: queue.name }, 'a sender failed; the delivery will be tried again')
  return { kind: 'retry', reason: 'sender-failed' }
}

function complain(
  { logger }: AttemptContext,
  queue: EndpointQueue,
  delivery: string,
  { kind, reason, status }: { kind: 'dead' | 'gone'; reason: string; status?: number },
): void {
  const fields = { endpoint: queue.name, delivery, reason, ...(status === undefined ? {} : { status }) }
  logger.error(
    fields,
    kind === 'gone'
      ? 'an endpoint says that it is gone: nothing more is sent there; what it is owed is in the dead letters'
      : 'a delivery is given up: it is in the dead letters and can be redriven',
  )
}
