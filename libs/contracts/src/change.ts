import { Type } from '@sinclair/typebox'
import type { ObjectId } from './ids'
import type { Shape } from './shape'
import type { Cause, View } from './view'

/** Kinds of sink records (docs/spec/vote.md, 8). */
export const CHANGE_TYPES = [
  'object.changed', 'object.updated', 'object.deleted', 'observers.lost', 'observers.back',
] as const // prettier-ignore
export type ChangeType = (typeof CHANGE_TYPES)[number]

/** Value of `observers.lost` (docs/spec/vote.md, 8). */
export const OBSERVERS_SCHEMA = Type.Object({
  partition: Type.Number(),
  incident: Type.String(),
  stale: Type.Number(),
  known: Type.Number(),
  since: Type.Number(),
})
export type ObserversIncident = Shape<typeof OBSERVERS_SCHEMA>

/** One record of the sink, decoded. `data` is null for a deletion: event and tombstone in one. */
export interface Change {
  readonly type: ChangeType
  /** `<object>@<incarnation>.<revision>`: the same on every replay. */
  readonly id: string
  /** ms: the time of the evaluation that emitted it. */
  readonly time: number
  /** Object id, or the key of an observers record. */
  readonly subject: ObjectId
  readonly data: View | ObserversIncident | null
  /** Of a deletion (header `ce_cause`). */
  readonly cause?: Cause
}
