import type { DeliveryStatus, ObjectId, State } from '@quorate/contracts'
import type { GroupTimes, HoldingCause, InboxMark, News, Reason, Subject, LastNotified } from '../pipeline'
import { packing } from './columns'
import type { ChangeMessage, Message } from '../outbox/message'
import { packView, unpackView } from './packed-views'
import { decodeRoomy, encodeRoomy } from './roomy-json'
import type { RecordRef } from '../decisions/record-ref'

/** A change that waits for its time on one route. */
export interface Held {
  /** ms */
  readonly until: number
  readonly reason: Reason
  readonly arrivedAt: number
  /** Its record. */
  readonly decision: RecordRef
  /** Whom the route told when it came; absent in rows of earlier versions. */
  readonly receiver?: string
  /** Judged again when this is in force no more. */
  readonly by?: HoldingCause
}

/** What was open at a receiver when it was taken away, and was closed there. */
export interface Closed {
  readonly event: string
  /** How often that has happened with this event: told once more, it has another id each time. */
  readonly times: number
}

/**
 * Everything the notifier knows of an object, one row: the inbox mark, what each receiver was last told, and what
 * waits.
 */
export interface ObjectRow extends InboxMark {
  /** By receiver. */
  readonly told: Readonly<Record<string, LastNotified>>
  /** By route. */
  readonly held: Readonly<Record<string, Held>>
  /** How the object is, as far as matchers ask; absent in rows of earlier versions. */
  readonly current?: Omit<Subject, 'object'>
  /** The newest change, kept only while something waits or is to be told again. */
  readonly news?: News
  /** By receiver. */
  readonly closed?: Readonly<Record<string, Closed>>
  /** Deliveries planned so far; numbers them within their lanes. */
  readonly planned: number
  /** Pages with the newest decisions about it. */
  readonly trail?: readonly string[]
  /** ms since when the object is gone; the row is forgotten a while later. */
  readonly goneAt?: number
}

export interface GroupRow extends GroupTimes {
  /** ms; nothing of it matters any more. */
  readonly forgetAt: number
}

/** A delivery that is to be made: what the courier reads. */
export interface OutboxRow {
  readonly id: string
  readonly endpoint: string
  readonly receiver: string
  /** Its record. */
  readonly record: RecordRef
  readonly message: Message
  /** ms */
  readonly plannedAt: number
  readonly attempts: number
  readonly firstAttemptAt: number | null
  readonly nextAttemptAt: number
  /** The endpoint asked to be left alone until then. */
  readonly throttledUntil?: number
  /** Parts of it (recipients) that are settled: a retry or redrive leaves them out. */
  readonly done?: readonly string[]
  /** The id that it was sent under with others of its group, those of other partitions. */
  readonly together?: string
  /** Deliveries of other lanes that tell earlier changes of what it tells: it goes behind them. Keys in the outbox. */
  readonly after?: readonly string[]
}

/** A delivery that was planned. */
export interface PlannedDelivery {
  /** In the outbox. */
  readonly key: string
  readonly row: OutboxRow
}

/** A message to a channel that gathers, while it is filled. */
export interface GroupBatchRow {
  /** ms; nothing is added from then on. */
  readonly closeAt: number
  readonly event: string
  readonly endpoint: string
  readonly channel: string
  readonly receiver: string
  readonly route: string
  readonly labels: Readonly<Record<string, string>>
  /** The first of them. */
  readonly changes: readonly ChangeMessage[]
  readonly total: number
  /** ms, of the newest. */
  readonly time: number
  /** As of the delivery that it becomes. */
  readonly after?: readonly string[]
}

export interface AttemptRecord {
  readonly at: number
  /** `delivered`, or why not. */
  readonly outcome: string
  /** HTTP or SMTP status where there was one. */
  readonly status?: number
  /** Beginning of what the endpoint answered. */
  readonly excerpt?: string
  /** What else a reader should know: a template that failed. */
  readonly note?: string
}

/** One decision and what became of it: what `/v1/deliveries` answers. */
export interface DeliveryRow {
  readonly id: string
  readonly object: ObjectId
  readonly event: string
  /** ms, of the event. */
  readonly time: number
  readonly state: State | null
  readonly previous: State | null
  readonly receiver: string
  readonly route: string | null
  readonly endpoint: string | null
  readonly channel: string | null
  readonly status: DeliveryStatus
  readonly reason: string | null
  /** The silence or inhibition that holds it. */
  readonly by?: HoldingCause | null
  /** Of what is gathered: the delivery that tells it. */
  readonly within?: string
  /** ms */
  readonly decidedAt: number
  readonly attempts: number
  readonly nextAttemptAt: number | null
  readonly lastAttempt: AttemptRecord | null
  /** ms; null while it is not settled. */
  readonly forgetAt: number | null
}

/** Decisions of one moment. */
export interface DecisionPageRow {
  /** ms; null while one of them is not settled. */
  readonly forgetAt: number | null
  readonly rows: readonly DeliveryRow[]
}

/** Older pages with decisions about an object. */
export interface DecisionIndexRow {
  readonly forgetAt: number
  readonly pages: readonly string[]
}

/** A delivery that was given up, kept to be redriven. */
export interface DeadRow {
  readonly row: OutboxRow
  readonly diedAt: number
  readonly reason: string
  readonly forgetAt: number
}

/**
 * Instances have no members but their own. V8 keeps them in its fast form, unlike what `Object.create(null)` returns.
 */
const Names = function () {} as unknown as new () => object
Names.prototype = Object.create(null) as object

/** A copy that has the given names and no others: a receiver may be named `constructor`. */
export const byName = <T>(values: Readonly<Record<string, T>> = {}): Record<string, T> =>
  Object.assign(new Names() as Record<string, T>, values)

export interface Codec<T> {
  encode(value: T): Buffer
  decode(bytes: Buffer): T
}
const json = <T>(): Codec<T> => ({
  encode: (value) => Buffer.from(JSON.stringify(value)),
  decode: (bytes) => JSON.parse(bytes.toString('utf8')) as T,
})

const newsCells = packing<News>({
  object: 'must', event: 'must', incarnation: 'must', revision: 'must', type: 'must', time: 'must', state: 'must', cause: 'must', view: 'must',
}) // prettier-ignore

/**
 * Every object that is bad keeps its newest change, so it is a list; rows of earlier versions have the object itself.
 */
const unpackNews = (cell: News): News => (Array.isArray(cell) ? unpackView(newsCells.unpack(cell)) : cell)

export const objectRow: Codec<ObjectRow> = {
  encode: (row) => encodeRoomy(row.news ? { ...row, news: newsCells.pack(packView(row.news)) } : row),
  decode(bytes) {
    const row = decodeRoomy(bytes) as ObjectRow
    const closed = row.closed && { closed: byName(row.closed) }
    const news = row.news && { news: unpackNews(row.news) }
    return { ...row, told: byName(row.told), held: byName(row.held), ...closed, ...news }
  },
}
export const groupRow = json<GroupRow>()
export const groupBatchRow = json<GroupBatchRow>()
export const decisionIndexRow = json<DecisionIndexRow>()
export const deadRow = json<DeadRow>()
