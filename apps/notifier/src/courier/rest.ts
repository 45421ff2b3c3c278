import type { Planned } from '../outbox/planned'

/** What is behind the head of a lane, as far as is known here. */
export interface Rest {
  readonly next?: Planned
  /** May there be more in the outbox? */
  readonly more: boolean
}
