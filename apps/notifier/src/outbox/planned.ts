import type { OutboxRow } from '../rows/rows'

/** A delivery that was planned. */
export interface PlannedDelivery {
  /** In the outbox. */
  readonly key: string
  readonly row: OutboxRow
}
