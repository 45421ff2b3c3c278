import { type Change, CHANGE_TYPES, type ChangeType, type ObserversIncident, OBSERVERS_SCHEMA } from './change'
import { compiled } from './schema'
import { CAUSES, type Cause, type View } from './view'
import { decodeView, encodeView } from './view-codec'
import { rfc3339 } from './wire'

/** A sink record to append. Header values are UTF-8, non-ASCII ids as they are (CloudEvents Kafka binding 3.2.3). */
export interface EncodedChange {
  readonly key: string
  readonly value: string | null
  readonly headers: readonly (readonly [name: string, value: string])[]
}

/** A sink record as read. */
export interface ChangeRecord {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly (readonly [name: string, value: Buffer])[]
}

export type DecodedChange =
  { readonly change: Change; readonly reject?: undefined } | { readonly change?: undefined; readonly reject: string }

const TYPES: ReadonlySet<string> = new Set(CHANGE_TYPES)
const OBSERVERS = compiled(OBSERVERS_SCHEMA)

/** The key of a partition's `observers.lost` and `observers.back`; no object can have it. */
export const observersKey = (partition: number): string => `\u0001observers/${partition}`

/** `/<prefix>/<application id>`: never an instance, so that a replay elsewhere gives the same bytes. */
export const changeSource = (prefix: string, applicationId: string): string => `/${prefix}/${applicationId}`

function valueOf({ type, data }: Change): string | null {
  if (data === null) return null
  if (type !== 'observers.lost') return encodeView(data as View)
  const { partition, incident, stale, known, since } = data as ObserversIncident
  return JSON.stringify({ partition, incident, stale, known, since })
}

let lastTime = NaN
let lastText = ''

/** Changes come many to the same millisecond of the log. */
function timeText(ms: number): string {
  if (ms !== lastTime) {
    lastText = rfc3339(ms)
    lastTime = ms
  }
  return lastText
}

/**
 * The sink record of a change: CloudEvents 1.0 in binary mode; a deletion has a null value and its cause in `ce_cause`.
 */
export function encodeChange(change: Change, source: string): EncodedChange {
  const headers: [string, string][] = [
    ['ce_specversion', '1.0'],
    ['ce_id', change.id],
    ['ce_source', source],
    ['ce_type', change.type],
    ['ce_time', timeText(change.time)],
    ['ce_subject', change.subject],
  ]
  if (change.data !== null) headers.push(['content-type', 'application/json'])
  if (change.cause !== undefined) headers.push(['ce_cause', change.cause])
  return { key: change.subject, value: valueOf(change), headers }
}

/** A sink record → the change, or why it is none. */
export function decodeChange(record: ChangeRecord): DecodedChange {
  const named = new Map(record.headers.map(([name, value]) => [name, value.toString('utf8')]))
  const id = named.get('ce_id')
  const type = named.get('ce_type')
  const time = Date.parse(named.get('ce_time') ?? '')
  if (record.key === null) return { reject: 'the key is missing' }
  if (id === undefined) return { reject: 'the header ce_id is missing' }
  if (type === undefined || !TYPES.has(type)) return { reject: `the header ce_type is ${type ?? 'missing'}` }
  if (Number.isNaN(time)) return { reject: 'the header ce_time is no time' }
  const cause = named.get('ce_cause')
  if (cause !== undefined && !(CAUSES as readonly string[]).includes(cause))
    return { reject: `the header ce_cause is ${cause}` }
  const data = decodeData(type as ChangeType, record.value)
  if (data === undefined) return { reject: 'the value is not what its type says' }
  const change = { type: type as ChangeType, id, time, subject: record.key.toString('utf8'), data }
  return { change: cause === undefined ? change : { ...change, cause: cause as Cause } }
}

function decodeData(type: ChangeType, value: Buffer | null): Change['data'] | undefined {
  if (type === 'object.deleted' || type === 'observers.back') return value === null ? null : undefined
  if (value === null) return undefined
  if (type !== 'observers.lost') return decodeView(value)
  try {
    const data: unknown = JSON.parse(value.toString('utf8'))
    return OBSERVERS.Check(data) ? data : undefined
  } catch {
    return undefined
  }
}

export interface EventId {
  readonly object: string
  readonly incarnation: number
  readonly revision: number
}

const EVENT_ID = /^(.*)@([0-9]+)\.([0-9]+)$/s

/** Id of an object's event: `<object>@<incarnation>.<revision>`, the same on every replay. */
export const eventId = (object: string, incarnation: number, revision: number): string =>
  `${object}@${incarnation}.${revision}`

/** The parts of an object's event id; undefined for the ids of observers' events. */
export function parseEventId(id: string): EventId | undefined {
  const found = EVENT_ID.exec(id)
  return found === null ? undefined : { object: found[1]!, incarnation: Number(found[2]), revision: Number(found[3]) }
}
