import {
  decodeChange,
  encodeWireView,
  type ObserversIncident,
  parseEventId,
  rfc3339,
  type View,
} from '@quorate/contracts'
import type { LogRecord } from '@quorate/log'
import type { Interest } from '../../queries/snapshots'

/** A sink record as an event, or undefined where it does not concern the subscriber. */
export interface StreamEvent {
  readonly name: string
  readonly data: string
  /** Absent for events of observers. */
  readonly object?: { readonly id: string; readonly incarnation: number; readonly revision: number }
}

/**
 * The event of a sink record. With `state`, changes away from that state are told too: otherwise a subscriber would
 * keep what is no longer so.
 */
export function eventOf(record: LogRecord, { prefix, state }: Interest): StreamEvent | undefined {
  const { change } = decodeChange(record)
  if (!change) return undefined
  const { type, id, time, subject, data, cause } = change
  if (type === 'observers.lost' || type === 'observers.back') {
    if (prefix !== undefined || state !== undefined) return undefined
    const incident = data as ObserversIncident | null
    return {
      name: type,
      data: JSON.stringify({
        id,
        time: rfc3339(time),
        ...(incident && { ...incident, since: rfc3339(incident.since) }),
      }),
    }
  }
  const event = parseEventId(id)
  if (!event || (prefix !== undefined && !subject.startsWith(prefix))) return undefined
  const object = { id: subject, incarnation: event.incarnation, revision: event.revision }
  if (data === null) {
    const { incarnation, revision } = object
    return {
      name: type,
      object,
      data: JSON.stringify({ object: subject, incarnation, revision, time: rfc3339(time), cause: cause ?? null }),
    }
  }
  const view = data as View
  if (state !== undefined && view.state !== state && !(type === 'object.changed' && view.from === state))
    return undefined
  return { name: type, object, data: encodeWireView(view) }
}

/** A message of an event stream (HTML, "Server-sent events"). `data` is JSON of one line. */
export const message = (name: string, data: string, id?: string): string =>
  `${id === undefined ? '' : `id: ${id}\n`}event: ${name}\ndata: ${data}\n\n`
