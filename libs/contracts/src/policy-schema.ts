import { FormatRegistry, Type } from '@sinclair/typebox'
import { isText } from './ids'
import { LIMITS } from './limits'
import { AGENT_ID, STATE } from './schema'

/** s; above any use, below what the arithmetic of times can carry exactly. */
const MOST_SECONDS = 1e10

FormatRegistry.Set('policy-name', (value) => isText(value, 1, LIMITS.nameBytes))
FormatRegistry.Set('glob', (value) => isText(value, 0, LIMITS.globBytes))

const SECONDS = Type.Number({ minimum: 0, maximum: MOST_SECONDS, description: 'seconds, 0 or more' })
const WEIGHT = (minimum: number) =>
  Type.Integer({ minimum, maximum: LIMITS.agentWeight, description: `an integer, ${minimum} or more` })
const COUNT = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'an integer, 0 or more' })
export const AGENTS_RULE = `a list of at most ${LIMITS.policyElectorate} different agent ids`
export const STATES_RULE = `a list of 1 to ${LIMITS.policyStates} different states`
/**
 * `uniqueItems` is for readers of the schema: the compiled check hashes each item at 20 µs, and `policyShape` looks by
 * itself.
 */
const agents = (uniqueItems: boolean) =>
  Type.Array(AGENT_ID, { maxItems: LIMITS.policyElectorate, uniqueItems, description: AGENTS_RULE })
const MAP = { additionalProperties: false, maxProperties: LIMITS.policyStates }
const STATE_NAME = '^[a-z0-9][a-z0-9._-]{0,63}$'

export const POLICY_NAME = Type.String({
  format: 'policy-name',
  description: '1–256 bytes of UTF-8 without control characters',
})

const policySchema = (uniqueItems: boolean) =>
  Type.Object(
    {
      name: POLICY_NAME,
      match: Type.String({
        format: 'glob',
        description:
          'a glob of at most 1024 bytes without control characters: * any characters but /, ** any, \\* an asterisk, \\\\ a backslash',
      }),
      priority: Type.Optional(COUNT),
      states: Type.Optional(
        Type.Array(STATE, {
          minItems: 1,
          maxItems: LIMITS.policyStates,
          uniqueItems,
          description: STATES_RULE,
        }),
      ),
      method: Type.Optional(Type.String({ format: 'policy-name', description: 'the name of a method' })),
      thresholds: Type.Optional(Type.Record(Type.String({ pattern: STATE_NAME }), WEIGHT(1), MAP)),
      ttl: Type.Optional(SECONDS),
      memory: Type.Optional(SECONDS),
      electorate: Type.Optional(agents(uniqueItems)),
      quorum: Type.Optional(
        Type.Union([Type.String(), Type.Number()], {
          description: 'half, majority, an integer or a share such as "60%"',
        }),
      ),
      groups: Type.Optional(Type.Record(Type.String(), agents(uniqueItems), { maxProperties: LIMITS.policyGroups })),
      confirm: Type.Optional(Type.Record(Type.String({ pattern: `${STATE_NAME}|^\\*$` }), SECONDS, MAP)),
      settle: Type.Optional(SECONDS),
      unknownAfter: Type.Optional(SECONDS),
      onNoQuorum: Type.Optional(Type.String({ pattern: STATE_NAME, description: 'hold, unknown or a state' })),
      flap: Type.Optional(
        Type.Object(
          {
            changes: Type.Optional(Type.Integer({ minimum: 2, maximum: 20, description: 'an integer from 2 to 20' })),
            window: Type.Optional(SECONDS),
          },
          { additionalProperties: false },
        ),
      ),
      maxOverride: Type.Optional(SECONDS),
      history: Type.Optional(
        Type.Integer({
          minimum: 0,
          maximum: LIMITS.policyHistory,
          description: `an integer from 0 to ${LIMITS.policyHistory}`,
        }),
      ),
      allowDictator: Type.Optional(Type.Boolean({ description: 'true or false' })),
    },
    { additionalProperties: false },
  )

/** A policy as written (vote.md 9): the shape; what the fields mean together is judged by `fillPolicy`. */
export const POLICY_SCHEMA = policySchema(true)
/** The same, but for repeated items. */
export const POLICY_SHAPE = policySchema(false)

const { name, match, flap, states, thresholds, electorate, groups, ...defaulted } = POLICY_SCHEMA.properties
/** A policy in force: what has a default is always there. */
export const POLICY_IN_FORCE = Type.Object(
  {
    ...{ name, match },
    ...Type.Required(Type.Object(defaulted)).properties,
    flap: Type.Required(Type.Object(flap.properties, { additionalProperties: false })),
    ...{ states, thresholds, electorate, groups },
  },
  {
    additionalProperties: false,
    $id: 'Policy',
    description: 'A policy in force, its defaults filled in. Durations are in seconds.',
  },
)

export const AGENT_SETTINGS_SCHEMA = Type.Object(
  {
    agent: AGENT_ID,
    weight: Type.Optional(WEIGHT(0)),
    muted: Type.Optional(Type.Boolean({ description: 'true or false' })),
  },
  { additionalProperties: false },
)
