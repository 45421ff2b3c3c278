import type { ObjectId } from '@quorate/contracts'
import type { PlannedDelivery } from '../rows/rows'
import type { Directions, LastNotified, News, Reason, Route } from '../pipeline'
import type { Closed, Held } from '../rows/rows'
import type { Tables } from '../rows/tables'

/** What planning knows and may touch while one batch of a task is processed. */
export interface PlanContext {
  readonly tables: Tables
  readonly directions: Directions
  readonly now: number
  readonly behind: boolean
  /** Deliveries planned in this batch. */
  readonly planned: PlannedDelivery[]
  /** Whether a channel sends a group as one message. */
  readonly gathers: (channel: string) => boolean
  /** When the other partitions of this instance send the next message of a group, ms. */
  readonly groupElsewhere: (key: string) => number | undefined
  readonly count: (decision: 'sent' | 'held' | 'suppressed', reason: Reason | 'sent') => void
  /** Objects of this instance that the inhibitions of a parent hold back now. */
  readonly dependants: (
    parent: ObjectId,
  ) => { readonly objects: readonly ObjectId[]; readonly total: number } | undefined
}

/** A receiver that a change may concern, and the route that leads there. */
export interface Target {
  readonly route: Route
  /** False: no route takes the change there. The receiver is considered because something is open or waits there. */
  readonly routed: boolean
  /** The change has waited on this route, and its time has come. */
  readonly waited?: Held
  /** When the change came, ms; now where absent. */
  readonly arrivedAt?: number
}

/** The row of an object, unpacked while it is worked on: what is planned for it becomes its next row. */
export interface ObjectPlan {
  news: News
  /** By receiver. */
  readonly lastNotified: Record<string, LastNotified>
  /** By the route's identity. */
  readonly held: Record<string, Held>
  /** By receiver. */
  readonly closed: Record<string, Closed>
  /** Of the next delivery about the object. */
  nextNumber: number
  decisionPages: readonly string[]
}
