import { Type } from '@sinclair/typebox'
import { closed, COUNT, described, OBJECT_TEXT, oneOf, orNull, type Shape, STATE_NAME, TEXT, WHEN } from '../shape'
import { COMPLETE, NEXT } from './common'

/** `gathered`: told within a message of its group, whose delivery has an outcome of its own. */
export const DELIVERY_STATUSES = ['held', 'suppressed', 'gathered', 'pending', 'delivered', 'dead', 'dropped'] as const
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number]

export const ATTEMPT = closed(
  {
    at: WHEN,
    outcome: described(TEXT, '`delivered`, or why not.'),
    status: Type.Optional(Type.Integer({ description: 'Of HTTP or SMTP, where there was one.' })),
    excerpt: Type.Optional(described(TEXT, 'Beginning of what the endpoint returned.')),
    note: Type.Optional(described(TEXT, 'What else there is to know: a template that failed.')),
  },
  { $id: 'Attempt' },
)

export const DELIVERY = closed(
  {
    id: described(TEXT, 'The same on every attempt; `webhook-id` of a webhook.'),
    object: OBJECT_TEXT,
    event: TEXT,
    time: WHEN,
    state: orNull(STATE_NAME, 'Null: the object is gone, or the delivery is a notice about an endpoint.'),
    previous: orNull(STATE_NAME, 'What the receiver was last told.'),
    receiver: TEXT,
    route: orNull(TEXT),
    endpoint: orNull(TEXT),
    channel: orNull(TEXT),
    decision: described(TEXT, '`sent`, `held: <reason>` or `suppressed: <reason>`.'),
    status: oneOf(DELIVERY_STATUSES),
    reason: orNull(TEXT),
    by: orNull(TEXT, 'The silence or inhibition that holds it: `silence/<id>`.'),
    within: orNull(TEXT, 'Of what is gathered: the delivery of its group.'),
    decidedAt: WHEN,
    attempts: COUNT,
    nextAttemptAt: orNull(WHEN),
    lastAttempt: orNull(ATTEMPT),
  },
  { $id: 'Delivery', description: 'One decision, and what became of it.' },
)
export type Delivery = Shape<typeof DELIVERY>

export const OUTBOX_DEPTH = closed(
  {
    endpoint: TEXT,
    depth: COUNT,
    oldest: orNull(WHEN, 'When the oldest of those in memory was planned.'),
  },
  { $id: 'OutboxDepth', description: 'What waits for an endpoint, or is being sent.' },
)
export type OutboxDepth = Shape<typeof OUTBOX_DEPTH>

export const DELIVERY_PAGE = closed(
  {
    items: Type.Array(DELIVERY),
    outbox: Type.Array(OUTBOX_DEPTH, { description: 'By endpoint, of all instances that could be asked.' }),
    next: NEXT,
    ...COMPLETE,
  },
  { $id: 'DeliveryPage' },
)
export type DeliveriesPage = Shape<typeof DELIVERY_PAGE>
