import { Type } from '@sinclair/typebox'
import { COMMAND_SCHEMAS } from './commands'
import { LIMITS } from './limits'
import { AGENT_SETTINGS_SCHEMA, POLICY_SCHEMA } from './policy-schema'
import { REPORT_SCHEMA } from './report'
import { closed, described, FLAG, OBJECT_TEXT, oneOf, orNull, type Shape, STATE_NAME, TEXT } from './shape'
import { CAUSES } from './view'

// Bodies of requests. A member that is null counts as absent.

/** ms: a client that writes less by HTTP most likely means seconds. A record in the log may have less. */
export const LEAST_TTL = 1000

const OBJECT = Type.Unsafe<string>({ ...OBJECT_TEXT, format: 'object-id', description: 'Object id.' })
const POINT_IN_TIME = Type.Union([Type.String({ format: 'date-time' }), Type.Integer({ description: 'ms since 1970' })])
const REASON = Type.String({ minLength: 1, maxLength: LIMITS.reasonCharacters })

const { agent, state, ttl, seq, session, evidence } = REPORT_SCHEMA.properties
const REPORTED = {
  state: described(state, 'A state; `unknown` is an abstention.'),
  seq: described(seq, 'Rises with each report of a session; a report whose number does not is a duplicate.'),
  session: described(session, 'New whenever the agent restarts its counter; at most 256 bytes.'),
  ttl: Type.Optional(
    Type.Integer({
      minimum: LEAST_TTL,
      maximum: ttl.maximum!,
      description:
        'Milliseconds that the report lasts; never longer than the `ttl` of the policy (in seconds). `explanation` shows what is in force.',
    }),
  ),
  observedAt: Type.Optional(
    described(POINT_IN_TIME, "When it was observed, by the agent's clock; it can only shorten the report's life."),
  ),
  evidence: described(evidence, 'Any JSON up to 64 KiB.'),
}
export const REPORT_BODY = closed(REPORTED, { $id: 'ReportBody', description: 'A report, without its agent.' })
export type ReportInput = Shape<typeof REPORT_BODY>

export const BULK_REPORT = closed(
  { object: OBJECT, agent, ...REPORTED, type: Type.Optional(Type.Literal('report')) },
  { $id: 'BulkReport', description: 'A report with its object and agent.' },
)
export type BulkReport = Shape<typeof BULK_REPORT>

const { mode } = COMMAND_SCHEMAS['override-set'].properties
export const OVERRIDE_BODY = closed(
  {
    state: STATE_NAME,
    reason: REASON,
    expiresAt: described(POINT_IN_TIME, "Its end: in the future, and no further than the policy's maxOverride."),
    mode: described(mode, '`until-agree` is dropped as soon as the vote equals it; `pin` where absent.'),
  },
  { $id: 'OverrideBody', description: 'An override. Its author is the caller.' },
)
export type OverrideInput = Shape<typeof OVERRIDE_BODY>

export const STATE_BODY = closed(
  {
    state: STATE_NAME,
    reason: REASON,
    expiresAt: Type.Optional(described(POINT_IN_TIME, "Its end; the policy's longest duration when absent.")),
  },
  { $id: 'StateBody', description: 'An override whose end, when absent, is the longest that the policy permits.' },
)

const { weight, muted } = AGENT_SETTINGS_SCHEMA.properties
export const AGENT_BODY = closed(
  {
    weight: described(weight, 'With 0 the agent only observes; 1 where absent.'),
    muted: described(muted, 'Its reports do not count; false where absent.'),
  },
  { $id: 'AgentBody', description: 'Settings of an agent; all of them are replaced.' },
)
export type AgentInput = Shape<typeof AGENT_BODY>

const { name, ...policyMembers } = POLICY_SCHEMA.properties
export const POLICY_BODY = closed(
  { name: Type.Optional(name), ...policyMembers },
  {
    $id: 'PolicyBody',
    description: 'A policy; durations are in seconds. The name may be left out: it is in the path.',
  },
)

export const SKIP_BODY = closed(
  {
    offset: Type.Integer({
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
      description: 'Source offset of the record.',
    }),
    through: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: Number.MAX_SAFE_INTEGER,
        description:
          'The last offset, at least `offset`: all of them are left out without being read. For a batch that cannot be read, or that no process survives.',
      }),
    ),
    reason: REASON,
  },
  { $id: 'SkipBody', description: 'A record to leave out. The author is the caller.' },
)
export type SkipInput = Shape<typeof SKIP_BODY>

export const SOURCE_BODY = closed(
  { topic: Type.Optional(described(TEXT, 'Id of the topic that is meant; 422 where another is there.')) },
  { $id: 'SourceBody', description: 'A partition goes on with its source as it is now.' },
)

export const ROUTE_TEST_BODY = closed(
  {
    object: OBJECT,
    state: orNull(STATE_NAME, 'Null: the object is gone.'),
    from: Type.Optional(orNull(STATE_NAME, 'The state before.')),
    cause: Type.Optional(described(oneOf(CAUSES), '`vote` where absent.')),
    policy: Type.Optional(Type.String({ maxLength: 256, description: '`default` where absent.' })),
    flapping: Type.Optional(FLAG),
    told: Type.Optional(orNull(STATE_NAME, 'What the receivers were last told of it; nothing where absent.')),
  },
  { $id: 'RouteTestBody', description: 'A change that might come.' },
)
export type RouteChange = Shape<typeof ROUTE_TEST_BODY>
