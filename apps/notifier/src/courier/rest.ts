import type { PlannedDelivery } from '../outbox/planned'

/** What is behind the head of a lane, as far as is known here. */
export interface LaneRest {
  readonly next?: PlannedDelivery
  /** May there be more in the outbox? */
  readonly more: boolean
}
