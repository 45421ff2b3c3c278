import { rfc3339, viewToWire } from '@quorate/contracts'
import type { ChangeMessage, Message } from '../../outbox/message'

/** Standard Webhooks 1.0 recommends less than 20 kB. */
const MOST_BYTES = 20_000
const LONG_TEXT = 500

/** `{type, timestamp, data}`: the change's type and time, and the public view with what this receiver was last told as `previous`. */
export function body(message: Message): string {
  if (message.kind === 'notice') {
    const { endpoint, reason, delivery, object } = message
    return JSON.stringify({
      type: 'endpoint.failed',
      timestamp: rfc3339(message.time),
      data: { endpoint, reason, delivery, object },
    })
  }
  for (const data of shorter(message)) {
    const text = JSON.stringify({ type: message.type, timestamp: rfc3339(message.time), data })
    if (Buffer.byteLength(text) < MOST_BYTES) return text
  }
  throw new Error('a webhook body cannot be made short enough')
}

/** The data, and if that is too long shorter and shorter ones, marked as such. */
function* shorter({ object, view, cause, previous }: ChangeMessage): IterableIterator<object> {
  if (!view) {
    yield { object, state: null, cause, previous }
    return
  }
  const wire = viewToWire(view)
  yield { ...wire, previous }
  const override = wire.override && {
    ...wire.override,
    reason: wire.override.reason?.slice(0, LONG_TEXT) ?? null,
    author: wire.override.author?.slice(0, LONG_TEXT) ?? null,
  }
  yield { ...wire, override, previous, truncated: true }
  const { tally: _, ...rest } = wire
  yield { ...rest, override, previous, truncated: true }
}
