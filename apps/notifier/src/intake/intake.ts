import { type Change, type EventId, isObjectId, isState, LAST_TIME, parseEventId, type View } from '@quorate/contracts'
import { describeDamage, type LogRecord } from '@quorate/log'
import { boundedView } from './bounded-view'
import { type News, newsOf } from '../pipeline'
import { readChange } from './sink-record'

/** A record of the sink: news, what is no news of an object, or why it is neither. */
export type Taken =
  | { readonly kind: 'news'; readonly news: News }
  | { readonly kind: 'other' }
  | { readonly kind: 'reject'; readonly reason: string }

/** Reads a record of the sink. Whatever others write there: what is news here fits into keys, rows and messages. */
export function takeIn(record: LogRecord): Taken {
  if (record.damaged) return { kind: 'reject', reason: describeDamage(record.damaged) }
  const { change, reject } = readChange(record)
  if (!change) return { kind: 'reject', reason: reject.slice(0, 200) }
  if (change.type === 'observers.lost' || change.type === 'observers.back') return { kind: 'other' }
  const event = parseEventId(change.id)
  const reason = faultOf(change, event)
  if (reason !== undefined) return { kind: 'reject', reason }
  const view = change.data as View | null
  const data = view && boundedView(view, record.value?.length ?? 0)
  const news = newsOf(data === view ? change : { ...change, data }, event)
  return news ? { kind: 'news', news } : { kind: 'reject', reason: 'the header ce_id is no id of an event' }
}

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0
const isTime = (value: number): boolean => Number.isInteger(value) && Math.abs(value) <= LAST_TIME

/** What the schema of a view does not say, since readers are lenient to later versions. */
function faultOf({ time, subject, data }: Change, event: EventId | undefined): string | undefined {
  if (!isObjectId(subject)) return 'the key is not an object id'
  if (!event || !isCount(event.incarnation) || !isCount(event.revision)) return 'the header ce_id is no id of an event'
  if (event.object !== subject) return 'the header ce_id is of another object'
  if (!isTime(time)) return 'the header ce_time is no time'
  return data === null ? undefined : faultOfView(data as View, subject)
}

function faultOfView(view: View, subject: string): string | undefined {
  if (view.object !== subject) return 'the value is of another object'
  if (![view.state, view.voted].every(isState) || (view.from !== null && !isState(view.from)))
    return 'the value has a state that is none'
  if (![view.incarnation, view.version, view.revision].every(isCount)) return 'the value has a number that is none'
  if (![view.since, view.decidedAt].every(isTime) || !isTimeOrNull(view.override?.expiresAt))
    return 'the value has a time that is none'
  return undefined
}

const isTimeOrNull = (value: number | null | undefined): boolean =>
  value === null || value === undefined || isTime(value)
