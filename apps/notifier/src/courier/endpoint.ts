import type { Outcome, Sender } from '../channels'
import type { Receiver } from '../pipeline'

/** An endpoint as the courier knows it. */
export interface CourierEndpoint {
  readonly name: string
  readonly sender: Sender
  /** Attempts at once. */
  readonly concurrency: number
  /** Of this process: its attempts cost next to nothing, and do not count among those of all endpoints. */
  readonly local?: boolean
  /** Told when the endpoint gives up. */
  readonly fallback: Receiver | undefined
  /** ms that it may fail until the fallback is told. */
  readonly fallbackAfter?: number
  /** It has been taken away: only what closes is sent, and until then, ms. */
  readonly retiredUntil?: number
}

/** What the courier counts; each is a metric. */
export interface CourierEvents {
  attempted(endpoint: string, outcome: Outcome['kind'], seconds: number): void
}

/** An endpoint as this instance sees it. */
export interface EndpointStatus {
  readonly name: string
  readonly description: Sender['description']
  /** Objects with something to be told; at most the window. */
  readonly waiting: number
  /** Deliveries that lie in the outboxes of this instance. */
  readonly depth: number
  /** ms: when the oldest of those in memory was planned. */
  readonly oldest: number | null
  /** ms since when nothing has been taken there. */
  readonly failingSince: number | null
  readonly underWay: number
  readonly circuit: 'open' | 'closed'
  /** Why nothing is sent there any more. */
  readonly refusal: string | null
}
