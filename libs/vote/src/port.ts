import type { AgentId, Change, ObjectId, Policy, Resharded, Snapshot } from '@quorate/contracts'
import type { Guard } from './guard'
import type { HistoryEntry, VoteObject } from './object'
import type { Holds } from './holds'
import type { RuleFault } from './rule-fault'
import type { AgentWeight, Settings } from './settings'

/** The stream time of one partition (vote.md 1). */
export interface Clock {
  /** ms: the largest append time seen; while deadlines fire, the time of the current one. */
  time: number
  /** Whether every deadline up to `time` has fired: an armed time at or before it was then early. */
  settled: boolean
}

/** The effect of a record, for counters and for the response to its writer. */
export type Effect =
  | 'applied'
  /** Already expired when appended: a report, or an override whose end has passed. */
  | 'expired'
  | 'duplicate'
  /** `ifMatch` does not match the current state of the object. */
  | 'mismatch'
  /** There was nothing to do. */
  | 'nothing'

/**
 * A broadcast whose objects are not all evaluated yet. After a crash its record is applied again when the settings have
 * already changed. This keeps the previous policy and the place to continue from, so that a policy on many objects
 * completes even if processes do not live long.
 */
export interface Pending {
  readonly offset: number
  /** The previous policy of that name. */
  readonly before: Policy | null
  /** The last object that was evaluated. */
  readonly after: ObjectId | null
}

/**
 * Everything that the fold stores of one partition. Two implementations: in memory (`memory.ts`) and over the
 * partition's tables (`libs/engine/src/objects/partition-state.ts`). Synchronous. Commits, caching and encoding belong
 * to the implementation.
 */
export interface VoteState {
  readonly partition: number
  /**
   * Added to the offset that becomes an object's incarnation: 0, or after a reshard a number above all earlier ones
   * (vote.md 7).
   */
  readonly incarnationBase: number
  /** Number of `snapshot` records that must come before anything else is decided; 0 except after a reshard. */
  readonly importing: number
  readonly clock: Clock
  readonly guard: Guard
  readonly settings: Settings

  /** Objects that cannot be evaluated at present. */
  readonly holds: Holds
  /** Schedules an object that is held, without loading it. */
  armHeld(id: ObjectId, until: number): void

  load(id: ObjectId): VoteObject | undefined
  /** Adds an object that has no report yet. */
  create(...of: ConstructorParameters<typeof VoteObject>): VoteObject
  /** The object itself changed. */
  changed(object: VoteObject): void
  /** The row at this index changed, was added or removed. */
  rowChanged(object: VoteObject, place: number): void
  /** Removes the object and everything that belongs to it. */
  drop(object: VoteObject): void

  /** Schedules the object for `due` (Infinity: never). The implementation updates `object.armed`. */
  arm(object: VoteObject, due: number): void
  /** The earliest armed object with `due ≤ until`; ties by the id's UTF-8 bytes. */
  firstDue(until: number): { readonly id: ObjectId; readonly due: number } | undefined
  /** Ids in the order of their UTF-8 bytes, after `after`. Objects may be changed and dropped during the iteration. */
  ids(after: ObjectId | undefined): Iterable<ObjectId>
  /** Returns false only if the object has no row of the agent. */
  mayHold(id: ObjectId, agent: AgentId): boolean

  setEvidence(object: VoteObject, agent: AgentId, evidence: unknown): void
  deleteEvidence(object: VoteObject, agent: AgentId): void
  keepHistory(object: VoteObject, entry: HistoryEntry): void
  forgetHistory(object: VoteObject, version: number): void

  /** Stores what `settings` already has; null: deleted. */
  savePolicy(name: string, policy: Policy | null): void
  saveAgent(agent: AgentId, settings: AgentWeight | null): void
  pending: Pending | null

  /**
   * Starts an import from a reshard: incarnation base, clock, guard, and the number of snapshots to come. Returns the
   * reason for a refusal, or undefined.
   */
  beginImport(resharded: Resharded): string | undefined
  /** Stores the rows of one snapshot record unchanged. */
  importRows(snapshot: Snapshot): void

  emit(change: Change): void
  /** Called at each evaluation of an object whose rule cannot decide; null: it can again. */
  ruleFault(object: VoteObject, fault: RuleFault | null): void
  /** True: stop after this evaluation. The record being processed will be applied again from its start. */
  readonly full: boolean
}
