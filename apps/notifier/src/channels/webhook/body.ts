import { rfc3339, viewToWire } from '@quorate/contracts'
import type { ChangeMessage, GroupMessage, Message } from '../../outbox/message'

/** Standard Webhooks 1.0 recommends less than 20 kB. */
const MOST_BYTES = 20_000
const LONG_TEXT = 500

/**
 * `{type, timestamp, data}`: the change's type and time, and the public view with what this receiver was last told as
 * `previous`.
 */
export function body(message: Message): string {
  if (message.kind === 'notice') {
    const { endpoint, reason, delivery, object } = message
    return JSON.stringify({
      type: 'endpoint.failed',
      timestamp: rfc3339(message.time),
      data: { endpoint, reason, delivery, object },
    })
  }
  const type =
    message.kind === 'group' ? 'group.changed' : message.closes === 'removed' ? 'endpoint.removed' : message.type
  for (const data of message.kind === 'group' ? fewer(message) : shorter(message)) {
    const text = JSON.stringify({ type, timestamp: rfc3339(message.time), data })
    if (Buffer.byteLength(text) < MOST_BYTES) return text
  }
  throw new Error('a webhook body cannot be made short enough')
}

/** A group, and if that is too long one that lists fewer and fewer of its changes. */
function* fewer({ labels, changes, total }: GroupMessage): IterableIterator<object> {
  for (let count = changes.length; ; count = Math.floor(count / 2)) {
    const list = changes.slice(0, count).map((change) => shorter(change).next().value as object)
    yield { labels, total, changes: list, ...(count < total ? { truncated: true } : {}) }
    if (count === 0) return
  }
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
  const { tally: _, tallyRest: __, ...rest } = wire
  yield { ...rest, override, previous, truncated: true }
}
