import { Type } from '@sinclair/typebox'
import {
  AGENT_TEXT,
  closed,
  COUNT,
  described,
  OBJECT_TEXT,
  oneOf,
  orNull,
  type Shape,
  STATE_NAME,
  TEXT,
  WHEN,
} from '../shape'
import { CAUSES, WIRE_OVERRIDE, WIRE_TALLY, WIRE_TALLY_REST, WIRE_TRIGGER, WIRE_VIEW_SCHEMA } from '../view'
import { COMPLETE, NEXT } from './common'

export const OBJECT_PAGE = closed(
  {
    items: Type.Array(WIRE_VIEW_SCHEMA),
    next: NEXT,
    ...COMPLETE,
    unreadable: Type.Optional(
      Type.Array(OBJECT_TEXT, {
        description: 'Objects that are left out because their stored rows cannot be read; the first 100.',
      }),
    ),
  },
  { $id: 'ObjectPage' },
)
export type ObjectPage = Shape<typeof OBJECT_PAGE>

/** How a vote came out. */
const DECISION = {
  tally: WIRE_TALLY,
  tallyRest: Type.Optional(WIRE_TALLY_REST),
  participants: COUNT,
  electorate: COUNT,
  quorum: COUNT,
  rule: orNull(TEXT),
}

/** How an agent stands in the vote; the first that applies, of what is the agent's own, then of its report. */
export const STANDINGS = ['muted', 'observer', 'outsider', 'expired', 'abstained', 'counted'] as const
export type Standing = (typeof STANDINGS)[number]

export const AGENT_STANDING = closed(
  {
    agent: AGENT_TEXT,
    state: STATE_NAME,
    seq: orNull(Type.Integer()),
    age: Type.Integer({ description: 'ms since the report was appended.' }),
    expiresIn: Type.Integer({ description: 'ms until the report expires; 0 or less: it has.' }),
    ttl: described(COUNT, 'ms that the report lasts.'),
    ttlCappedBy: orNull(TEXT, 'The policy whose `ttl` is shorter than that of the report; null: none is.'),
    weight: COUNT,
    group: orNull(TEXT, 'Null where the policy has no groups.'),
    standing: oneOf(STANDINGS),
    evidence: Type.Optional(Type.Unknown({ description: 'Any JSON, as the agent sent it; null: none.' })),
  },
  { $id: 'AgentStanding', description: "An agent's report, and how it counts." },
)
export type AgentStanding = Shape<typeof AGENT_STANDING>

export const RULE_FAULT_REASONS = ['rule-not-registered', 'rule-failed'] as const
/**
 * Why a rule registered in code cannot decide: it is not registered in this process, or it threw or returned nonsense.
 */
export type RuleFaultReason = (typeof RULE_FAULT_REASONS)[number]

const RULE_FAULT = closed(
  { reason: oneOf(RULE_FAULT_REASONS), method: TEXT, detail: TEXT, since: orNull(WHEN) },
  {
    $id: 'RuleFault',
    description: "Why the policy's rule cannot decide, so that the last state is held.",
  },
)

/** What the next deadline does, if nothing arrives before. */
export const NEXT_STEPS = [
  'rule-asked-again', 'report-expires', 'report-forgotten', 'override-expires', 'candidate-wins', 'turns-unknown', 'flapping-ends',
] as const // prettier-ignore
export type NextStep = (typeof NEXT_STEPS)[number]

export const EXPLANATION = closed(
  {
    state: described(STATE_NAME, 'What is in force: of the override while there is one, else voted.'),
    voted: STATE_NAME,
    override: orNull(WIRE_OVERRIDE),
    agents: Type.Array(AGENT_STANDING),
    ...DECISION,
    winner: orNull(STATE_NAME),
    margin: orNull(
      COUNT,
      'The fewest participants whose changed vote would change the winner. Null where none do, or where it is not told.',
    ),
    candidate: orNull(STATE_NAME, 'What wins but is not confirmed yet.'),
    candidateSince: orNull(WHEN),
    candidateDue: orNull(WHEN, 'When it becomes the voted state if it keeps winning.'),
    nextDeadline: orNull(WHEN),
    next: orNull(oneOf(NEXT_STEPS), 'What happens at `nextDeadline` if nothing arrives before.'),
    policy: TEXT,
    ruleFault: orNull(RULE_FAULT, 'Null: the rule can decide, or is not asked because there is no quorum.'),
  },
  { $id: 'Explanation', description: "Each agent's standing, and what decides." },
)
export type Explanation = Shape<typeof EXPLANATION>

export const HISTORY_ENTRY = closed(
  {
    version: COUNT,
    revision: COUNT,
    at: described(WHEN, 'The time of the evaluation.'),
    state: STATE_NAME,
    from: STATE_NAME,
    voted: STATE_NAME,
    cause: oneOf(CAUSES),
    trigger: WIRE_TRIGGER,
    ...DECISION,
    policy: TEXT,
    author: Type.Optional(orNull(TEXT, 'Who set or cleared the override; only where that is the cause.')),
    reason: Type.Optional(orNull(TEXT)),
  },
  { $id: 'HistoryEntry', description: 'A change of the effective state.' },
)
export type HistoryItem = Shape<typeof HISTORY_ENTRY>

export const HISTORY = closed({ items: Type.Array(HISTORY_ENTRY) }, { $id: 'History' })
export type History = Shape<typeof HISTORY>
