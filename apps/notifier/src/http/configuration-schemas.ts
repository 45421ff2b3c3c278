import { INHIBITION_SCHEMA, MATCHERS_SCHEMA, RECEIVER_SCHEMA, ROUTE_SCHEMA } from '@quorate/contracts'

const text = { type: 'string' } as const
const textOrNull = { type: ['string', 'null'] } as const
const time = { type: 'string', format: 'date-time' } as const

/** Our formats are checked here, and mean nothing to others: their sentence is in the description. */
const described = (schema: object): object =>
  JSON.parse(
    JSON.stringify(schema, (key, value: unknown) =>
      key === 'format' && typeof value === 'string' && value.startsWith('notify-') ? undefined : value,
    ),
  ) as object

const object = (properties: Record<string, object>, optional: readonly string[] = []) => ({
  type: 'object',
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  properties,
  additionalProperties: false,
})
const list = (items: object) => ({ type: 'array', items })

const FAULTS = list(object({ pointer: text, detail: text }))
/** Stored entries that are not in force, or not wholly. */
export const LEFT_OUT = {
  type: 'array',
  items: object({ name: text, faults: FAULTS }),
  description: 'Stored entries that do not pass: not in force, or not wholly. Write them anew or delete them.',
}

export const RECEIVER_BODY = described(RECEIVER_SCHEMA)
export const ROUTE_BODY = described(ROUTE_SCHEMA)
export const INHIBITION_BODY = described(INHIBITION_SCHEMA)
export const MATCHERS = described(MATCHERS_SCHEMA) as Record<string, never>

export const ROUTES_ANSWER = object(
  {
    configured: { type: 'boolean', description: 'false: the tree is the built-in one.' },
    root: { ...ROUTE_BODY, description: 'As it was written.' },
    faults: { ...FAULTS, description: 'Of what is stored: routes that are left out.' },
  },
  ['faults'],
)

export const TEST_ANSWER = object({
  items: list(
    object(
      {
        endpoint: text,
        message: { type: 'string', enum: ['alarm', 'recovery'] },
        outcome: { ...text, description: '`delivered`, or why not.' },
        status: { type: 'integer' },
        excerpt: text,
        note: { ...text, description: 'What else there is to know: a template that failed.' },
        remedy: { ...text, description: 'What can be done where it was not delivered.' },
      },
      ['status', 'excerpt', 'note', 'remedy'],
    ),
  ),
})

export const TRIAL_ANSWER = object({
  items: list(
    object({
      receiver: text,
      route: text,
      via: list(object({ route: text, match: MATCHERS })),
      endpoints: list(object({ name: text, channel: text })),
      decision: { type: 'string', enum: ['sent', 'held', 'suppressed'] },
      reason: textOrNull,
      by: { ...textOrNull, description: '`silence/<id>` or `inhibition/<name>`.' },
      heldFor: { type: ['number', 'null'], description: 's until it would be looked at again.' },
    }),
  ),
})

export const SILENCE = object({
  id: text,
  match: MATCHERS,
  startsAt: time,
  endsAt: time,
  author: text,
  comment: text,
  status: { type: 'string', enum: ['pending', 'active', 'ended'] },
})
export const SILENCES = object({ items: list(SILENCE), leftOut: LEFT_OUT })

export const PREVIEW = object({
  items: list(object({ object: text, state: text, waiting: { type: 'boolean' } })),
  total: { type: 'integer', description: 'All that it would be over; the list is cut at 1,000.' },
  complete: { type: 'boolean' },
  missing: list(object({ partition: { type: 'integer' }, reason: text })),
})

export const INHIBITION = object({
  name: text,
  parent: text,
  states: list(text),
  dependants: list(text),
  active: { type: 'boolean', description: 'The parent is in one of the states.' },
})
export const INHIBITIONS = object({ items: list(INHIBITION), leftOut: LEFT_OUT })
