import { LEFT_OUT } from './configuration-schemas'

const text = { type: 'string' } as const
const textOrNull = { type: ['string', 'null'] } as const
const time = { type: 'string', format: 'date-time' } as const
const timeOrNull = { type: ['string', 'null'], format: 'date-time' } as const

/** One decision. */
export const DELIVERY_SCHEMA = {
  type: 'object',
  required: [
    'id',
    'object',
    'event',
    'time',
    'state',
    'previous',
    'receiver',
    'route',
    'endpoint',
    'channel',
    'decision',
    'status',
    'reason',
    'by',
    'within',
    'decidedAt',
    'attempts',
    'nextAttemptAt',
    'lastAttempt',
  ],
  properties: {
    id: { ...text, description: 'The same on every attempt; `webhook-id` of a webhook.' },
    object: text,
    event: text,
    time,
    state: { ...textOrNull, description: 'null: the object is gone, or the delivery is a notice about an endpoint.' },
    previous: { ...textOrNull, description: 'What the receiver was last told.' },
    receiver: text,
    route: textOrNull,
    endpoint: textOrNull,
    channel: textOrNull,
    decision: { ...text, description: '`sent`, `held: <reason>` or `suppressed: <reason>`.' },
    status: { type: 'string', enum: ['held', 'suppressed', 'gathered', 'pending', 'delivered', 'dead', 'dropped'] },
    reason: textOrNull,
    by: { ...textOrNull, description: 'The silence or inhibition that holds it: `silence/<id>`.' },
    within: { ...textOrNull, description: 'Of what is gathered: the delivery of its group.' },
    decidedAt: time,
    attempts: { type: 'integer' },
    nextAttemptAt: timeOrNull,
    lastAttempt: {
      type: ['object', 'null'],
      required: ['at', 'outcome'],
      properties: {
        at: time,
        outcome: text,
        status: { type: 'integer' },
        excerpt: { ...text, description: 'Beginning of the answer.' },
        note: { ...text, description: 'What else there is to know: a template that failed.' },
      },
      additionalProperties: false,
    },
  },
  additionalProperties: false,
}

export const DELIVERIES_SCHEMA = {
  type: 'object',
  required: ['items', 'outbox', 'complete', 'missing'],
  properties: {
    items: { type: 'array', items: DELIVERY_SCHEMA },
    outbox: {
      type: 'array',
      description: 'What waits or is being made, by endpoint: of all instances that could be asked.',
      items: {
        type: 'object',
        required: ['endpoint', 'depth', 'oldest'],
        properties: { endpoint: text, depth: { type: 'integer' }, oldest: timeOrNull },
        additionalProperties: false,
      },
    },
    next: { ...text, description: 'Cursor of the next page.' },
    complete: { type: 'boolean' },
    missing: {
      type: 'array',
      items: {
        type: 'object',
        required: ['partition', 'reason'],
        properties: { partition: { type: 'integer' }, reason: text },
        additionalProperties: false,
      },
    },
  },
  additionalProperties: false,
}

export const RECEIVER_ANSWER = {
  type: 'object',
  required: ['name', 'configured', 'fallback', 'endpoints'],
  properties: {
    name: text,
    configured: { type: 'boolean', description: 'false: built in, or from the settings of the process.' },
    faults: {
      ...LEFT_OUT.items.properties['faults'],
      description: 'Of what is stored: endpoints that are at fault wait.',
    },
    fallback: textOrNull,
    endpoints: {
      type: 'array',
      items: {
        type: 'object',
        required: [
          'name',
          'channel',
          'settings',
          'waiting',
          'depth',
          'oldest',
          'failingSince',
          'underWay',
          'circuit',
          'refusal',
        ],
        properties: {
          name: text,
          channel: text,
          settings: { type: 'object', description: 'What may be told of it: no secret, no path of an address.' },
          waiting: { type: 'integer', description: 'Objects with something to be told, in this instance.' },
          depth: { type: 'integer', description: 'Deliveries in the outboxes of this instance.' },
          oldest: { ...timeOrNull, description: 'When the oldest of those in memory was planned.' },
          failingSince: { ...timeOrNull, description: 'Since when nothing has been taken there.' },
          underWay: { type: 'integer' },
          circuit: { type: 'string', enum: ['closed', 'open'] },
          refusal: { ...textOrNull, description: 'Why nothing is sent there any more.' },
        },
        additionalProperties: false,
      },
    },
  },
  additionalProperties: false,
}

export const RECEIVERS_SCHEMA = {
  type: 'object',
  required: ['items', 'leftOut'],
  properties: { items: { type: 'array', items: RECEIVER_ANSWER }, leftOut: LEFT_OUT },
  additionalProperties: false,
}
