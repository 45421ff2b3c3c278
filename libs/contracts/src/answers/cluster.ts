import { Type } from '@sinclair/typebox'
import { closed, COUNT, described, FLAG, oneOf, orNull, type Shape, TEXT, WHEN } from '../shape'

export const CONDITION = closed(
  {
    code: described(TEXT, 'docs/errors.md lists them.'),
    partition: Type.Optional(COUNT),
    subject: Type.Optional(TEXT),
    position: Type.Optional(described(COUNT, 'Source offset of the record that waits.')),
    reason: TEXT,
    detail: Type.Optional(TEXT),
    blocks: Type.Array(oneOf(['live', 'ready'])),
    since: WHEN,
    age: described(COUNT, 'ms'),
  },
  { $id: 'Condition', description: 'Something that is wrong.' },
)
export type ConditionAnswer = Shape<typeof CONDITION>

const TASK_STATE = oneOf(['created', 'restoring', 'running', 'closed', 'unknown'])
/** What only the member that has a task knows; absent where it cannot be asked. */
const PROGRESS = {
  restored: Type.Optional(COUNT),
  total: Type.Optional(COUNT),
  position: Type.Optional(described(COUNT, 'The next source offset.')),
  lag: Type.Optional(orNull(COUNT, 'Records; null where a standby has not looked yet.')),
  asOf: Type.Optional(orNull(WHEN)),
}

export const STANDBY = closed(
  { url: TEXT, role: Type.Literal('standby'), state: TASK_STATE, ...PROGRESS },
  { $id: 'Standby' },
)
export const CLUSTER_PARTITION = closed(
  {
    partition: COUNT,
    owner: orNull(TEXT),
    role: orNull(Type.Literal('active')),
    state: TASK_STATE,
    ...PROGRESS,
    standbys: Type.Array(STANDBY),
  },
  { $id: 'ClusterPartition' },
)
export const CLUSTER_MEMBER = closed(
  {
    memberId: TEXT,
    url: TEXT,
    version: TEXT,
    self: FLAG,
    reachable: FLAG,
    generation: orNull(Type.Integer(), 'As it says itself; null where it cannot be asked.'),
    sure: orNull(FLAG, 'The group counts on it for certain: it may answer as owner. Null where it cannot be asked.'),
    conditions: orNull(Type.Array(CONDITION), 'What is wrong there; null where it cannot be asked.'),
  },
  { $id: 'ClusterMember' },
)
export const CLUSTER = closed(
  {
    group: TEXT,
    generation: orNull(Type.Integer()),
    partitions: Type.Array(CLUSTER_PARTITION),
    members: Type.Array(CLUSTER_MEMBER),
  },
  { $id: 'Cluster', description: 'Who owns which partition, who stands by, and how far each is.' },
)
export type ClusterAnswer = Shape<typeof CLUSTER>

export const SKIPPED = closed(
  {
    outcome: Type.Literal('skipped'),
    by: described(TEXT, 'Who did it.'),
    deadLetter: described(TEXT, 'Its position: `0@17`.'),
  },
  { $id: 'Skipped' },
)
export const SKIP_NOTED = closed(
  {
    outcome: Type.Literal('noted'),
    position: orNull(COUNT, 'Where the partition is; null where that is not known.'),
  },
  { $id: 'SkipNoted', description: 'It is written down; the partition does it when it comes to the record.' },
)
export type SkipAnswer = Shape<typeof SKIPPED> | Shape<typeof SKIP_NOTED>

const acknowledged = <const T extends 'acknowledged' | 'noted'>(outcome: T, $id: string, description: string) =>
  closed({ outcome: Type.Literal(outcome), topic: TEXT, by: TEXT }, { $id, description })
export const ACKNOWLEDGED = acknowledged('acknowledged', 'Acknowledged', 'The partition goes on.')
export const SOURCE_NOTED = acknowledged('noted', 'SourceNoted', 'It is written down; the partition will go on.')
export type SourceAnswer = Shape<typeof ACKNOWLEDGED> | Shape<typeof SOURCE_NOTED>
