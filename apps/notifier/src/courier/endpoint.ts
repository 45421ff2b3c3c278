import type { Outcome, Sender } from '../channels'
import type { Receiver } from '../pipeline'

/** An endpoint as the courier knows it. */
export interface CourierEndpoint {
  readonly name: string
  readonly sender: Sender
  /** Attempts at once. */
  readonly concurrency: number
  /** Told when the endpoint gives up. */
  readonly fallback: Receiver | undefined
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
  readonly underWay: number
  readonly circuit: 'open' | 'closed'
  /** Why nothing is sent there any more. */
  readonly refusal: string | null
}
