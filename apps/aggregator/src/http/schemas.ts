import { CAUSES, LIMITS, POLICY_SCHEMA, REPORT_SCHEMA } from '@quorate/contracts'

const text = { type: 'string' }
const orNull = (type: string) => ({ type: [type, 'null'] })
const count = { type: 'integer', minimum: 0 }
const time = { type: 'string', format: 'date-time' }
const flag = { type: 'boolean' }
const state = { type: 'string', pattern: '^[a-z0-9][a-z0-9._-]{0,63}$' }
const tally = {
  type: 'object',
  additionalProperties: { type: 'integer' },
  description: `Weight by state, of the ${LIMITS.talliedStates} heaviest.`,
}
const tallyRest = {
  type: 'object',
  required: ['states', 'weight'],
  properties: { states: count, weight: count },
  additionalProperties: false,
  description: 'How many states the tally does not show, and their weight; left out where it shows all.',
}
const object = (properties: Record<string, unknown>, optional: string[] = []) => ({
  type: 'object',
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  properties,
  additionalProperties: false,
})
const listOf = (items: object) => ({ type: 'array', items })

const TRIGGER = {
  oneOf: [object({ type: text, agent: text, seq: count, offset: count }, ['agent', 'seq']), { type: 'null' }],
  description: 'The record that led to the last change.',
}
const OVERRIDE = {
  oneOf: [
    object({
      state,
      reason: orNull('string'),
      author: orNull('string'),
      expiresAt: { type: ['string', 'null'], format: 'date-time' },
      mode: { type: 'string', enum: ['pin', 'until-agree'] },
    }),
    { type: 'null' },
  ],
}
const DECISION = { tally, tallyRest, participants: count, electorate: count, quorum: count, rule: orNull('string') }
const TASK_STATE = { enum: ['created', 'restoring', 'running', 'closed', 'unknown'] }
const TOLD = {
  restored: count,
  total: count,
  position: count,
  lag: { type: ['integer', 'null'], minimum: 0, description: 'Records; a standby that has not looked yet has null.' },
  asOf: { type: ['string', 'null'], format: 'date-time' },
}
const CONDITION = object(
  {
    code: text, partition: count, subject: text, position: { ...count, description: 'Source offset of the record that waits.' },
    reason: text, detail: text, blocks: { type: 'array', items: { type: 'string', enum: ['live', 'ready'] } }, since: time,
    age: { ...count, description: 'ms' },
  },
  ['partition', 'subject', 'position', 'detail'],
) // prettier-ignore
const DEAD_LETTER = {
  position: text,
  at: time,
  reason: orNull('string'),
  topic: orNull('string'),
  from: { type: ['string', 'null'], description: 'Where the original lay: `3@5`.' },
  key: orNull('string'),
  bytes: { ...count, description: 'Of the original value.' },
  cut: {
    ...object(
      {
        parts: { type: 'array', items: { type: 'string', enum: ['key', 'value', 'headers'] } },
        keyBytes: count,
        keySha256: text,
        valueBytes: count,
        valueSha256: text,
        headers: { ...count, description: 'How many the original had.' },
      },
      ['keyBytes', 'keySha256', 'valueBytes', 'valueSha256', 'headers'],
    ),
    description:
      'Parts of the original that are not whole here, since they were larger than a dead letter may be. It cannot be replayed then.',
  },
  mark: {
    oneOf: [
      object({ done: { type: 'string', enum: ['replayed', 'dropped'] }, at: time, by: text, position: text }, [
        'position',
      ]),
      { type: 'null' },
    ],
    description: 'What an operator has done with it.',
  },
}
const MISSING = object({ partition: count, reason: text })
/** What a dry run tells beside what was tried. */
const TRIED = {
  evaluated: { ...count, description: 'Objects looked at.' },
  changed: count, updated: count, deleted: count,
  items: listOf(object({
    object: text, partition: count, type: { type: 'string', enum: ['object.changed', 'object.updated', 'object.deleted'] },
    before: { $ref: '#/components/schemas/Object' }, after: { oneOf: [{ $ref: '#/components/schemas/Object' }, { type: 'null' }] },
  })),
  unlisted: { ...count, description: 'Beyond those listed.' },
  complete: flag, missing: listOf(MISSING),
} // prettier-ignore
const plain = (schema: object): Record<string, unknown> => JSON.parse(JSON.stringify(schema)) as Record<string, unknown>
const { agent, ...reportProperties } = plain(REPORT_SCHEMA).properties as Record<string, unknown>
const policyBody = plain(POLICY_SCHEMA)
const policyProperties = policyBody.properties as Record<string, unknown>

/** Named schemas of the aggregator's REST, as the OpenAPI document has them. */
export const AGGREGATOR_SCHEMAS: Readonly<Record<string, object>> = {
  Object: object({
    object: text, incarnation: count, version: count, revision: count, state, from: orNull('string'), voted: state, since: time, decidedAt: time,
    cause: { enum: [...CAUSES, null] }, trigger: TRIGGER, contested: flag, stale: flag, flapping: flag, divergent: flag, override: OVERRIDE,
    ...DECISION, policy: text, incident: orNull('string'),
  }, ['tallyRest']), // prettier-ignore
  ObjectPage: object(
    {
      items: listOf({ $ref: '#/components/schemas/Object' }),
      next: text,
      complete: flag,
      missing: listOf(MISSING),
      unreadable: listOf(text),
    },
    ['next', 'unreadable'],
  ),
  Explanation: object({
    state, voted: state, override: OVERRIDE,
    agents: listOf(object({
      agent: text, state, seq: { type: ['integer', 'null'] }, age: { type: 'integer', description: 'ms' }, expiresIn: { type: 'integer', description: 'ms' }, ttl: { ...count, description: 'ms that the report lasts.' }, ttlCappedBy: { ...orNull('string'), description: 'The policy whose `ttl` lets the report last less long than it says itself.' }, weight: count, group: orNull('string'),
      standing: { type: 'string', enum: ['counted', 'expired', 'abstained', 'muted', 'observer', 'outsider'] }, evidence: {},
    }, ['evidence'])),
    ...DECISION, winner: orNull('string'), margin: { type: ['integer', 'null'], description: 'The fewest participants whose changed vote would change the winner. Null where none do, or where it is not told.' }, candidate: orNull('string'), candidateSince: { type: ['string', 'null'], format: 'date-time' }, candidateDue: { type: ['string', 'null'], format: 'date-time' },
    nextDeadline: { type: ['string', 'null'], format: 'date-time' }, next: orNull('string'), policy: text,
    ruleFault: {
      ...object({ reason: { type: 'string', enum: ['rule-not-registered', 'rule-failed'] }, method: text, detail: text, since: { type: ['string', 'null'], format: 'date-time' } }),
      type: ['object', 'null'], description: "Why the policy's rule cannot decide, so that the last state is held. Null: it can, or it is not asked for want of a quorum.",
    },
  }, ['tallyRest']), // prettier-ignore
  History: object({
    items: listOf(object({
      version: count, revision: count, at: time, state, from: state, voted: state, cause: { enum: [...CAUSES] }, trigger: TRIGGER, ...DECISION, policy: text, author: { type: ['string', 'null'] }, reason: { type: ['string', 'null'] },
    }, ['tallyRest', 'author', 'reason'])),
  }), // prettier-ignore
  PolicyBody: {
    ...policyBody,
    required: ['match'],
    description: 'A policy (durations in s). The name may be left out: the path says it.',
  },
  Policy: {
    ...policyBody,
    required: [
      ...Object.keys(policyProperties).filter(
        (name) => !['states', 'thresholds', 'electorate', 'groups'].includes(name),
      ),
    ],
  },
  PolicyTrial: object({ policy: { $ref: '#/components/schemas/Policy' }, ...TRIED }),
  AgentTrial: object({ agent: { $ref: '#/components/schemas/Agent' }, ...TRIED }),
  Agent: object({ agent: text, weight: count, muted: flag }),
  Written: object({ position: { type: 'string', description: 'Such as `3@5`.' } }),
  BulkReport: {
    ...object({ object: text, agent, ...reportProperties, type: { const: 'report' } }),
    required: ['object', 'agent', 'state'],
  },
  BulkAnswer: object(
    {
      accepted: count,
      rejected: listOf(object({ index: count, reason: text })),
      unlisted: { ...count, description: 'Rejected beyond those listed.' },
      position: text,
    },
    ['unlisted'],
  ),
  Skipped: object({
    outcome: { const: 'skipped' },
    by: { ...text, description: 'Who did it.' },
    deadLetter: { ...text, description: 'Its position: `0@17`.' },
  }),
  Acknowledged: object({ outcome: { const: 'acknowledged' }, topic: text, by: text }),
  DeadLetterPage: object({ items: listOf(object(DEAD_LETTER, ['cut'])), next: text }, ['next']),
  WholeDeadLetter: object(
    {
      ...DEAD_LETTER,
      value: { type: ['string', 'null'], description: 'Null where it is no UTF-8: then base64.' },
      keyBase64: text,
      valueBase64: text,
      headers: { type: 'array', items: { type: 'array', items: text, minItems: 2, maxItems: 2 } },
    },
    ['cut', 'keyBase64', 'valueBase64'],
  ),
  Cluster: object({
    group: text,
    generation: { type: ['integer', 'null'] },
    partitions: listOf(object({
      partition: count, owner: orNull('string'), role: { enum: ['active', null] }, state: TASK_STATE, ...TOLD,
      standbys: listOf(object({ url: text, role: { const: 'standby' }, state: TASK_STATE, ...TOLD }, Object.keys(TOLD))),
    }, Object.keys(TOLD))),
    members: listOf(object({
      memberId: text, url: text, version: text, self: flag, reachable: flag, generation: { type: ['integer', 'null'] },
      sure: { type: ['boolean', 'null'], description: 'The group surely counts on it: it may answer as owner.' },
      conditions: { oneOf: [listOf(CONDITION), { type: 'null' }], description: 'What is wrong there, by its code (docs/errors.md).' },
    })),
  }), // prettier-ignore
}
