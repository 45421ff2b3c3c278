import type { Logger } from '@quorate/log'
import type { Clock } from '@quorate/streams'
import type { Outcome } from '../channels'
import type { Backoff } from './backoff'
import type { CourierEndpoint, CourierEvents } from './endpoint'
import type { EndpointQueue, LaneHead } from './endpoint-queue'
import type { OutboxRow } from '../rows/rows'
import type { Settlement } from './settle'
import type { Together } from './together'
import { remedyOf } from './remedies'
import { applyOutcome } from './outcome-effect'

/** ms that an endpoint may fail until its fallback is told, unless its receiver says otherwise. */
const FALLBACK_AFTER = 900_000
/** ms between two lines in the log about one endpoint that fails. */
const WARN_EVERY = 900_000

export interface AttemptContext {
  readonly clock: Clock
  readonly logger: Logger
  readonly events: CourierEvents
  /** In [0, 1). */
  readonly random: () => number
  readonly backoff: Backoff
  /** Where it is reported that an endpoint fails or gives up, and after how many ms of failing. */
  readonly fallbackOf: (endpoint: string) => Pick<CourierEndpoint, 'fallback' | 'fallbackAfter'>
  /** ms until a delivery that waited for an endpoint is sent, once the endpoint is back. */
  readonly spread: () => number
}

/** One attempt to send what is due, and what came of it; never rejects. */
export async function attempt(
  context: AttemptContext,
  queue: EndpointQueue,
  head: LaneHead,
  { id, message }: Together,
): Promise<Settlement> {
  const { clock, events, random, backoff } = context
  const { key, row } = head
  const begun = clock.now()
  const { sender } = queue
  const refusal = queue.refuses(head, begun)
  const fingerprint = sender?.fingerprint ?? ''
  if (!sender || refusal !== undefined) {
    const outcome = { kind: 'dead', reason: refusal ?? 'endpoint-removed' } as const
    const never = { attempted: false, at: begun, nextAttemptAt: begun, fallback: undefined, report: undefined }
    return { key, row, outcome, fingerprint, ...never }
  }
  const done = row.done ? { done: row.done } : {}
  const outgoing = { id, message, attempt: row.attempts + 1, at: begun, ...done }
  const said = await sender.send(outgoing).catch((error: unknown) => threw(context, queue, error))
  const at = clock.now()
  events.attempted(queue.name, said.kind, (at - begun) / 1000)
  const { fallback: whom, fallbackAfter = FALLBACK_AFTER } = context.fallbackOf(queue.name)
  const judging = { backoff, random, fallbackAfter: whom ? fallbackAfter : Infinity }
  const { outcome, nextAttemptAt, report, back } = applyOutcome(queue, row, said, at, judging)
  if (back) queue.hurry(at, context.spread)
  if (outcome.kind === 'dead' || outcome.kind === 'gone') complain(context, queue, row.id, outcome)
  if (outcome.kind === 'retry') warn(context, queue, row, outcome, at)
  const fallback = report === undefined ? undefined : whom
  const stands = sender.activeAlerts !== undefined
  return { key, row, outcome, attempted: true, stands, at, nextAttemptAt, fingerprint, fallback, report }
}

/** Says that an endpoint fails, and what can be done: at the first failure, and while it goes on once in a while. */
function warn(
  { logger }: AttemptContext,
  queue: EndpointQueue,
  { id, attempts }: OutboxRow,
  { reason, status }: { reason: string; status?: number },
  now: number,
): void {
  if (now - queue.warnedAt < WARN_EVERY) return
  queue.warnedAt = now
  const more = {
    ...(status === undefined ? {} : { status }),
    failingSince: new Date(queue.failingSince ?? now).toISOString(),
  }
  logger.warn(
    { endpoint: queue.name, ...queue.sender?.description, delivery: id, attempt: attempts + 1, reason, ...more },
    `an attempt to deliver failed and will be retried; ${remedyOf(reason)}`,
  )
}

/** Senders never reject; where one does all the same, that is an attempt that failed, and our fault. */
function threw({ logger }: AttemptContext, queue: EndpointQueue, error: unknown): Outcome {
  logger.error({ err: error, endpoint: queue.name }, 'a sender failed; the delivery will be retried')
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
      ? 'an endpoint is gone (410): nothing more is sent there; its deliveries are in the dead letters'
      : 'a delivery was given up: it is in the dead letters and can be redriven',
  )
}
