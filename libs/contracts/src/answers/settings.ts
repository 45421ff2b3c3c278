import { Type } from '@sinclair/typebox'
import { POLICY_IN_FORCE } from '../policy-schema'
import { AGENT_TEXT, closed, COUNT, described, FLAG, OBJECT_TEXT, oneOf, orNull, type Shape } from '../shape'
import { WIRE_VIEW_SCHEMA } from '../view'
import { COMPLETE } from './common'

export type PolicyAnswer = Shape<typeof POLICY_IN_FORCE>
export const POLICY_LIST = closed({ items: Type.Array(POLICY_IN_FORCE) }, { $id: 'PolicyList' })

export const AGENT_ANSWER = closed(
  {
    agent: AGENT_TEXT,
    weight: described(COUNT, '0: the agent only observes.'),
    muted: described(FLAG, 'Its reports do not count.'),
  },
  { $id: 'Agent', description: 'Settings of an agent. One that has none weighs 1 and is not muted.' },
)
export type AgentAnswer = Shape<typeof AGENT_ANSWER>
export const AGENT_LIST = closed({ items: Type.Array(AGENT_ANSWER) }, { $id: 'AgentList' })

export const TRIED_OBJECT = closed(
  {
    object: OBJECT_TEXT,
    partition: COUNT,
    type: oneOf(['object.changed', 'object.updated', 'object.deleted']),
    before: WIRE_VIEW_SCHEMA,
    after: orNull(WIRE_VIEW_SCHEMA, 'Null: it would be gone.'),
  },
  { $id: 'TriedObject', description: 'An object that the settings would change at once.' },
)
export type TriedObject = Shape<typeof TRIED_OBJECT>

/** What a dry run tells beside what was tried. */
const TRIED = {
  evaluated: described(COUNT, 'Objects looked at.'),
  changed: described(COUNT, 'Those whose state would be another.'),
  updated: described(COUNT, 'Those of which only a mark would be another.'),
  deleted: described(COUNT, 'Those that would be gone.'),
  items: Type.Array(TRIED_OBJECT, { description: 'The first of them by id, at most 1,000.' }),
  unlisted: described(COUNT, 'How many more there are.'),
  ...COMPLETE,
}

export const TRIAL = closed(TRIED, { $id: 'Trial' })
/** What settings would do if they were written now; nothing was. */
export type Trial = Shape<typeof TRIAL>
export const POLICY_TRIAL = closed(
  { policy: POLICY_IN_FORCE, ...TRIED },
  { $id: 'PolicyTrial', description: 'What a policy would change if it were written now; nothing was.' },
)
export type PolicyTrial = Shape<typeof POLICY_TRIAL>
export const AGENT_TRIAL = closed(
  { agent: AGENT_ANSWER, ...TRIED },
  { $id: 'AgentTrial', description: "What an agent's settings would change if they were written now; nothing was." },
)
export type AgentTrial = Shape<typeof AGENT_TRIAL>
