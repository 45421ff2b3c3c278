import { FormatRegistry, type TSchema, Type } from '@sinclair/typebox'
import { hasTouchingWildcards } from '../glob'
import { isObjectId, isText } from '../ids'
import { oneOf, type Shape } from '../shape'
import { parseTime } from '../times'
import { CAUSES } from '../view'
import { DURATION_SAID, secondsOf } from './durations'
import { NAME_PATTERN } from './names'

FormatRegistry.Set('notify-glob', (value) => isText(value, 1, 1024) && !hasTouchingWildcards(value))
FormatRegistry.Set('notify-duration', (value) => secondsOf(value) !== undefined)
FormatRegistry.Set('notify-object', isObjectId)
FormatRegistry.Set('notify-text', (value) => isText(value, 1, 4096))
FormatRegistry.Set('notify-time', (value) => parseTime(value) !== undefined)

const CLOSED = { additionalProperties: false }
const orMore = <T extends TSchema>(one: T) =>
  Type.Union([one, Type.Array(one, { minItems: 1 })], { description: `${one.description}, or a list of them` })

const NAME = Type.String({
  pattern: NAME_PATTERN,
  format: 'notify-name',
  description: 'a name: 1–64 of a–z, A–Z, 0–9, dot, underscore, hyphen; none that JavaScript reserves (constructor)',
})
const GLOB = Type.String({
  format: 'notify-glob',
  description:
    'a glob of 1–1024 bytes: * any characters but /, ** any, \\* an asterisk, \\\\ a backslash; no ***, no control characters',
})
const STATE = Type.String({ pattern: '^[a-z0-9][a-z0-9._-]{0,63}$', description: 'a state: [a-z0-9][a-z0-9._-]{0,63}' })
const FROM = Type.Union([STATE, Type.Null()], { description: 'a state, or null' })
// As text: causes of a later version are text too.
const CAUSE = Type.Unsafe<string>(oneOf(CAUSES, `one of ${CAUSES.join(', ')}`))
const POLICY = Type.String({ minLength: 1, maxLength: 256, description: 'the name of a policy' })
const TEXT = Type.String({ format: 'notify-text', description: '1–4096 bytes of text without control characters' })
const TIME = Type.String({ format: 'notify-time', description: 'a time with its offset, such as 2026-12-31T23:59:00Z' })
const DURATION = Type.Union(
  [Type.String({ format: 'notify-duration' }), Type.Number({ minimum: 0, maximum: 31_622_400 })],
  {
    description: DURATION_SAID,
  },
)

export const MATCHERS_SCHEMA = Type.Object(
  {
    object: Type.Optional(orMore(GLOB)),
    state: Type.Optional(orMore(STATE)),
    from: Type.Optional(orMore(FROM)),
    cause: Type.Optional(orMore(CAUSE)),
    policy: Type.Optional(orMore(POLICY)),
  },
  { ...CLOSED, $id: 'Matchers', description: 'matchers: object, state, from, cause, policy' },
)

export const RECEIVER_SCHEMA = Type.Object(
  {
    fallback: Type.Optional(NAME),
    fallbackAfter: Type.Optional(DURATION),
    endpoints: Type.Array(
      Type.Object(
        {
          name: Type.Optional(NAME),
          id: Type.Optional(
            Type.Integer({
              minimum: 1,
              maximum: 1_000_000,
              description: 'the number of an endpoint without a name: given when it is written, kept wherever it moves',
            }),
          ),
          channel: Type.String({ description: 'the name of a channel' }),
          settings: Type.Optional(
            Type.Unsafe<Record<string, unknown>>(
              Type.Object(
                {},
                { additionalProperties: true, description: 'the settings of the channel, secrets by reference' },
              ),
            ),
          ),
        },
        { ...CLOSED, $id: 'EndpointInput' },
      ),
      { minItems: 1, maxItems: 32, description: 'a list of 1–32 endpoints' },
    ),
  },
  { ...CLOSED, $id: 'ReceiverInput', description: 'a receiver: endpoints, fallback, fallbackAfter' },
)

/** One node; its own routes are judged one by one. */
export const ROUTE_SCHEMA = Type.Object(
  {
    name: Type.Optional(NAME),
    match: Type.Optional(MATCHERS_SCHEMA),
    receiver: Type.Optional(NAME),
    continue: Type.Optional(Type.Boolean({ description: 'true or false' })),
    groupBy: Type.Optional(
      Type.Array(Type.Union([Type.Literal('object'), Type.Literal('policy')], { description: 'object or policy' }), {
        uniqueItems: true,
        description: 'a list of object, policy, or empty',
      }),
    ),
    groupWait: Type.Optional(DURATION),
    groupInterval: Type.Optional(DURATION),
    repeatInterval: Type.Optional(DURATION),
    unknownAfter: Type.Optional(DURATION),
    maxAge: Type.Optional(DURATION),
    quiet: Type.Optional(Type.Array(STATE, { uniqueItems: true, description: 'a list of different states' })),
    routes: Type.Optional(Type.Array(Type.Unknown(), { maxItems: 1000, description: 'a list of routes' })),
  },
  { ...CLOSED, description: 'a route' },
)

/** The whole tree, for readers of the schema. */
export const ROUTE_TREE = Type.Object(
  { ...ROUTE_SCHEMA.properties, routes: Type.Optional(Type.Array(Type.Ref('RouteInput'), { maxItems: 1000 })) },
  { ...CLOSED, $id: 'RouteInput', description: 'A route of the tree, with the routes below it.' },
)

export const SILENCE_SCHEMA = Type.Object(
  { match: MATCHERS_SCHEMA, startsAt: TIME, endsAt: TIME, author: TEXT, comment: TEXT },
  { ...CLOSED, $id: 'SilenceBody', description: 'a silence: match, startsAt, endsAt, author, comment' },
)

export const INHIBITION_SCHEMA = Type.Object(
  {
    parent: Type.String({ format: 'notify-object', description: 'an object id' }),
    states: Type.Optional(
      Type.Array(STATE, { minItems: 1, uniqueItems: true, description: 'a list of different states' }),
    ),
    dependants: orMore(GLOB),
  },
  { ...CLOSED, $id: 'InhibitionInput', description: 'an inhibition: parent, states, dependants' },
)

/** A duration as people write it: `10s`, `5m`, `1h`, `2d`, `500ms`, a number of seconds; `off` is 0. */
export type Duration = Shape<typeof DURATION>
/**
 * What a change must be; absent members take everything. Globs: `*` any characters but `/`, `**` any; `\*` an asterisk.
 */
export type MatchersInput = Shape<typeof MATCHERS_SCHEMA>
export type ReceiverInput = Shape<typeof RECEIVER_SCHEMA>
/** A node of the tree. */
export type RouteInput = Omit<Shape<typeof ROUTE_SCHEMA>, 'routes'> & { readonly routes?: readonly RouteInput[] }
export type SilenceInput = Shape<typeof SILENCE_SCHEMA>
export type InhibitionInput = Shape<typeof INHIBITION_SCHEMA>
