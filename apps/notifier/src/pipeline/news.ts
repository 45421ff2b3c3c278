import {
  type Cause,
  type Change,
  type EventId,
  type ObjectId,
  parseEventId,
  type State,
  type View,
} from '@quorate/contracts'
import type { HoldingCause } from './cause'

/** A change of an object as the pipeline sees it: the current record is the whole view, whatever came before it. */
export interface News {
  readonly object: ObjectId
  /** `<object>@<incarnation>.<revision>` */
  readonly event: string
  readonly incarnation: number
  readonly revision: number
  readonly type: 'object.changed' | 'object.updated' | 'object.deleted'
  /** ms, of the evaluation that emitted it. */
  readonly time: number
  /** null: the object is gone. */
  readonly state: State | null
  readonly cause: Cause | null
  readonly view: View | null
}

/** What matchers look at. */
export interface Subject {
  readonly object: ObjectId
  readonly state: State | null
  readonly from: State | null
  readonly cause: Cause | null
  /** null: the object is gone. */
  readonly policy: string | null
}

export const subjectOf = ({ object, state, cause, view }: News): Subject => ({
  object,
  state,
  from: view?.from ?? null,
  cause,
  policy: view?.policy ?? null,
})

/** The last state that a receiver was told of an object. */
export interface LastNotified {
  readonly state: State
  /** ms since when the object was in it, as the view said. */
  readonly since: number
  readonly event: string
  /** Identity of the route that it came by: what closes it goes the same way. */
  readonly route: string
  /** The lane that it was told in, where that is a group's and not the object's own. */
  readonly lane?: string
  /** ms by the notifier's clock, of the last time that it was told. */
  readonly at: number
  /**
   * The state is not calm there, or it was told that the object flaps: the receiver is owed its end. Absent in rows of
   * earlier versions.
   */
  readonly open?: boolean
  /** It was told that the object flaps, and of no change since: how many there were. */
  readonly flapping?: number
  /** When it is told again, ms. */
  readonly repeatAt?: number
  /** How often it has been told again. */
  readonly repeats?: number
  /** It was due to be told again, and this kept it back: judged again when that is in force no more. */
  readonly mutedBy?: HoldingCause
}

/**
 * undefined for what is no change of an object (the observers' records).
 * @param id the parts of the change's id, where the caller has them
 */
export function newsOf(change: Change, id: EventId | undefined = parseEventId(change.id)): News | undefined {
  if (change.type === 'observers.lost' || change.type === 'observers.back') return undefined
  if (!id) return undefined
  const view = change.data as View | null
  return {
    object: change.subject,
    event: change.id,
    incarnation: id.incarnation,
    revision: id.revision,
    type: change.type,
    time: change.time,
    state: view?.state ?? null,
    cause: view ? view.cause : (change.cause ?? null),
    view,
  }
}

/** ms since when the object is in the state that is news. */
export const sinceOf = (news: News): number => news.view?.since ?? news.time
