import type { Cause, ChangeType, ObjectId, State, View } from '@quorate/contracts'
import type { News, Told } from '../pipeline'

/** What a receiver is told of an object. */
export interface ChangeMessage {
  readonly kind: 'change'
  readonly event: string
  readonly type: ChangeType
  /** ms */
  readonly time: number
  readonly object: ObjectId
  /** null: the object is gone. */
  readonly state: State | null
  readonly cause: Cause | null
  readonly view: View | null
  /** What this receiver was last told. */
  readonly previous: State | null
  /** How long the object was in `previous`, ms; null where nothing was told before. */
  readonly lasted: number | null
}

/** What the notifier says of itself: an endpoint that gives up is reported through another receiver. */
export interface NoticeMessage {
  readonly kind: 'notice'
  readonly event: string
  readonly time: number
  /** Endpoint that it is about. */
  readonly endpoint: string
  readonly reason: string
  /** The delivery that was lost to it. */
  readonly delivery: string
  readonly object: ObjectId
}

export type Message = ChangeMessage | NoticeMessage

export function changeMessage(news: News, told: Told | undefined, since: number): ChangeMessage {
  return {
    kind: 'change',
    event: news.event,
    type: news.type,
    time: news.time,
    object: news.object,
    state: news.state,
    cause: news.cause,
    view: news.view,
    previous: told?.state ?? null,
    lasted: told ? Math.max(0, since - told.since) : null,
  }
}
