import { type ObjectOptions, type TInteger, type TNumber, type TSchema, type TUnsafe, Type } from '@sinclair/typebox'
import type { State } from './ids'
import { LIMITS } from './limits'
import {
  AGENT_TEXT,
  COUNT,
  FLAG,
  OBJECT_TEXT,
  oneOf,
  orNull,
  type Shape,
  STATE_NAME,
  STATE_TEXT,
  TEXT,
  WHEN,
} from './shape'

/** What led to a change, in order of precedence (docs/spec/vote.md, 8). */
export const CAUSES = [
  'override', 'override-cleared', 'override-expired', 'override-agreed', 'quorum-lost', 'no-majority',
  'vote', 'agent-left', 'report-removed', 'agent-changed', 'agent-removed', 'policy', 'deleted', 'forgotten',
] as const // prettier-ignore
export type Cause = (typeof CAUSES)[number]

export const OVERRIDE_MODES = ['pin', 'until-agree'] as const
export type OverrideMode = (typeof OVERRIDE_MODES)[number]

/** What the two forms of a view differ in. */
interface Parts<T extends TSchema> {
  readonly time: T
  readonly state: TUnsafe<State>
  readonly count: TNumber | TInteger
  /** Options of an object by its name among the components of the OpenAPI document. */
  readonly object: (name: string) => ObjectOptions
}
type Timeless = Omit<Parts<TSchema>, 'time'>

const triggerSchema = ({ count, object }: Timeless) =>
  Type.Object(
    { type: TEXT, agent: Type.Optional(AGENT_TEXT), seq: Type.Optional(count), offset: count },
    {
      ...object('Trigger'),
      description:
        'The record that led to the last change. Of a deadline: the type `deadline`, and the record that advanced time.',
    },
  )

const overrideSchema = <T extends TSchema>({ time, state, object }: Parts<T>) =>
  Type.Object(
    {
      state,
      reason: orNull(TEXT),
      author: orNull(TEXT),
      expiresAt: orNull(time, 'Null: until it is cleared.'),
      mode: oneOf(OVERRIDE_MODES),
    },
    { ...object('Override'), description: 'The state that an operator has set above the vote.' },
  )

const tallySchema = ({ count }: Timeless) =>
  Type.Record(Type.String(), count, {
    description: `Weight by state, in the order of their UTF-8 bytes: the ${LIMITS.talliedStates} heaviest, zero left out.`,
  })

const restSchema = ({ count, object }: Timeless) =>
  Type.Object(
    { states: count, weight: count },
    {
      ...object('TallyRest'),
      description: 'How many states the tally does not show, and their weight; absent where it shows all.',
    },
  )

/**
 * The public view of an object (docs/spec/vote.md, 8), the one declaration of its members. Both forms, and all that
 * shows a view (the OpenAPI document, the client), come from it. A new member is optional: records of earlier versions
 * do not have it.
 */
const viewSchema = <T extends TSchema>(parts: Parts<T>) => {
  const { time, state, count, object } = parts
  return Type.Object(
    {
      object: OBJECT_TEXT,
      incarnation: count,
      version: count,
      revision: count,
      state,
      from: orNull(state),
      voted: state,
      since: time,
      decidedAt: time,
      cause: orNull(oneOf(CAUSES)),
      trigger: orNull(triggerSchema(parts)),
      contested: FLAG,
      stale: FLAG,
      flapping: FLAG,
      divergent: FLAG,
      override: orNull(overrideSchema(parts)),
      tally: tallySchema(parts),
      tallyRest: Type.Optional(restSchema(parts)),
      participants: count,
      electorate: count,
      quorum: count,
      rule: orNull(TEXT),
      policy: TEXT,
      incident: orNull(TEXT),
    },
    { ...object('Object'), description: 'The public view of an object.' },
  )
}

/**
 * As the log has it: points in time are ms since 1970. Open to members of a later version: readers ignore what they do
 * not know.
 */
const IN_THE_LOG = { time: Type.Number(), state: STATE_TEXT, count: Type.Number(), object: () => ({}) }
export const VIEW_SCHEMA = viewSchema(IN_THE_LOG)
/** The value of every sink record about an object. Its members are written in this order. */
export type View = Shape<typeof VIEW_SCHEMA>
export type Trigger = NonNullable<View['trigger']>
export type Override = NonNullable<View['override']>
/** What a tally that shows only the heaviest states leaves out. */
export type TallyRest = NonNullable<View['tallyRest']>

/** As REST, the stream of states and webhooks write it: points in time are RFC 3339, all else as in the log. */
const BY_HTTP = {
  time: WHEN,
  state: STATE_NAME,
  count: COUNT,
  object: ($id: string): ObjectOptions => ({ $id, additionalProperties: false }),
}
export const WIRE_VIEW_SCHEMA = viewSchema(BY_HTTP)
export type WireView = Shape<typeof WIRE_VIEW_SCHEMA>
export type WireOverride = NonNullable<WireView['override']>

/** The parts that explanations and history entries share with a view. */
export const WIRE_TRIGGER = triggerSchema(BY_HTTP)
export const WIRE_OVERRIDE = overrideSchema(BY_HTTP)
export const WIRE_TALLY = tallySchema(BY_HTTP)
export const WIRE_TALLY_REST = restSchema(BY_HTTP)
