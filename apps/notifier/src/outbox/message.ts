import type { Cause, ChangeType, ObjectId, State, View } from '@quorate/contracts'
import type { News, LastNotified } from '../pipeline'

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
  /**
   * The object changes too often: told once when that begins and once when it has settled, with how often it changed
   * meanwhile.
   */
  readonly flapping?: { readonly phase: 'began' | 'settled'; readonly changes: number }
  /**
   * Objects that depend on it, and of which nothing is told while it is bad: the first of them, and how many there are.
   */
  readonly dependants?: { readonly objects: readonly ObjectId[]; readonly total: number }
  /** How often this state has been told again (repeatInterval); absent on the first telling. */
  readonly repeat?: number
  /**
   * What was open at the receiver is closed with this: the object is well again or gone (`ended`), or the endpoint is
   * taken away (`removed`), which says nothing of the object's state.
   */
  readonly closes?: 'ended' | 'removed'
}

/** Whether a message closes something, so that it is still owed to an endpoint that is taken away. */
export function closesSomething(message: Message): boolean {
  if (message.kind === 'notice') return false
  if (message.kind === 'change') return message.closes !== undefined
  // Those that are not listed are not known.
  return message.total > message.changes.length || message.changes.some(({ closes }) => closes !== undefined)
}

/** Several changes told as one, to channels that gather. */
export interface GroupMessage {
  readonly kind: 'group'
  readonly event: string
  /** ms, of the newest change. */
  readonly time: number
  /** Names its lane: the same for all messages of a group. */
  readonly object: string
  /** What the changes have in common (groupBy): `{policy: 'web'}`. */
  readonly labels: Readonly<Record<string, string>>
  /** The first of them; the list may be cut. */
  readonly changes: readonly ChangeMessage[]
  /** How many there are in all. */
  readonly total: number
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

export type Message = ChangeMessage | NoticeMessage | GroupMessage

export function changeMessage(news: News, told: LastNotified | undefined, since: number): ChangeMessage {
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
