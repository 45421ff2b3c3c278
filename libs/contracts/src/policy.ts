import type { AGENT_SETTINGS_SCHEMA, POLICY_IN_FORCE, POLICY_SCHEMA } from './policy-schema'
import type { Shape } from './shape'

/** A policy in force, its defaults filled in (docs/spec/vote.md, 9). Durations are in seconds. */
export type Policy = Shape<typeof POLICY_IN_FORCE>
/** A policy as written: name and match, the rest as wanted. */
export type PolicyInput = Shape<typeof POLICY_SCHEMA>
export type AgentSettings = Shape<typeof AGENT_SETTINGS_SCHEMA>
