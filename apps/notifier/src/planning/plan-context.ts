import type { ObjectId } from '@quorate/contracts'
import type { Directions, News, Reason, Route, Told } from '../pipeline'
import type { Planned } from '../outbox/planned'
import type { Closed, Held } from '../rows/rows'
import type { Tables } from '../rows/tables'

/** What one batch of a task has at hand. */
export interface Desk {
  readonly tables: Tables
  readonly directions: Directions
  readonly now: number
  readonly behind: boolean
  /** Deliveries planned in this batch. */
  readonly planned: Planned[]
  /** Whether a channel takes a group as one message. */
  readonly gathers: (channel: string) => boolean
  /** When the other partitions of this instance tell a group, ms. */
  readonly groupElsewhere: (key: string) => number | undefined
  readonly count: (decision: 'sent' | 'held' | 'suppressed', reason: Reason | 'sent') => void
  /** Objects of this instance that a parent's inhibitions hold back now. */
  readonly dependants: (
    parent: ObjectId,
  ) => { readonly objects: readonly ObjectId[]; readonly total: number } | undefined
}

/** A way to a receiver that a change may concern. */
export interface Way {
  readonly route: Route
  /** False: no route takes the change there; the receiver is asked because something is open or waits there. */
  readonly routed: boolean
}

/** An object's row, taken apart while it is worked on. */
export interface Draft {
  news: News
  readonly told: Record<string, Told>
  /** By the route's identity. */
  readonly held: Record<string, Held>
  readonly closed: Record<string, Closed>
  number: number
  trail: readonly string[]
}
