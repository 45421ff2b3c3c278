import type { OutboxRow } from '../rows/rows'

/** A delivery that was planned. */
export interface Planned {
  /** In the outbox. */
  readonly key: string
  readonly row: OutboxRow
}
