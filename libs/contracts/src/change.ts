import type { ObjectId } from './ids'
import type { Cause, View } from './view'

/** Kinds of sink records (vote.md 8). */
export type ChangeType = 'object.changed' | 'object.updated' | 'object.deleted' | 'observers.lost' | 'observers.back'

export interface ObserversIncident {
  readonly partition: number
  readonly incident: string
  readonly stale: number
  readonly known: number
  readonly since: number
}

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
