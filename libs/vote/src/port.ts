import type { AgentId, Change, ObjectId, Policy, Resharded, Snapshot } from '@quorate/contracts'
import type { Guard } from './guard'
import type { HistoryEntry, VoteObject } from './object'
import type { Holds } from './holds'
import type { RuleFault } from './rule-fault'
import type { AgentWeight, Settings } from './settings'

/** How far time has come in one partition (vote.md 1). */
export interface Clock {
  /** ms: the largest append time seen, or while deadlines fire the one in hand. */
  time: number
  /** Whether every deadline up to `time` has fired: then one that comes at or before it was early. */
  settled: boolean
}

/** What a record led to, for counters and for the answer to whoever wrote it. */
export type Effect =
  | 'applied'
  /** Already expired when appended: a report, or an override whose end is past. */
  | 'expired'
  | 'duplicate'
  /** `ifMatch` named another state of the object. */
  | 'mismatch'
  /** It found nothing to do. */
  | 'nothing'

/**
 * A broadcast whose objects are not all evaluated yet. After a crash its record comes again, when the settings have changed already:
 * what the policy was is told from here, and where to go on, so that a policy on many objects ends even if processes do not live long.
 */
export interface Pending {
  readonly offset: number
  /** The policy of that name before. */
  readonly before: Policy | null
  /** The last object that was evaluated. */
  readonly after: ObjectId | null
}

/**
 * All that the fold keeps of one partition. Two implementations: in memory (`memory.ts`) and over the partition's tables
 * (`libs/engine/src/objects/partition-state.ts`). Synchronous; what it leaves out: commits, caching and encoding, which are the implementation's own.
 */
export interface VoteState {
  /** Number of the partition. */
  readonly partition: number
  /** Added to the offset that is an object's incarnation: 0, or after a reshard above all earlier ones (vote.md 7). */
  readonly incarnationBase: number
  /** Records of the kind `snapshot` that are to come before anything else is decided; 0 but after a reshard. */
  readonly importing: number
  readonly clock: Clock
  readonly guard: Guard
  readonly settings: Settings

  /** Objects that cannot be evaluated now. */
  readonly holds: Holds
  /** Wakes an object that is held, without loading it. */
  armHeld(id: ObjectId, until: number): void

  load(id: ObjectId): VoteObject | undefined
  /** Adds an object that has no report yet. */
  create(...of: ConstructorParameters<typeof VoteObject>): VoteObject
  /** Something of the object itself changed. */
  changed(object: VoteObject): void
  /** The row at this place changed, came or went. */
  rowChanged(object: VoteObject, place: number): void
  /** The object and all that belongs to it goes. */
  drop(object: VoteObject): void

  /** Wakes the object at `due` (Infinity: never); the implementation keeps `object.armed`. */
  arm(object: VoteObject, due: number): void
  /** The earliest armed object with `due ≤ until`, ties by the id's UTF-8 bytes. */
  firstDue(until: number): { readonly id: ObjectId; readonly due: number } | undefined
  /** Ids in the order of their UTF-8 bytes, behind `after`. Objects may be changed and dropped meanwhile. */
  ids(after: ObjectId | undefined): Iterable<ObjectId>
  /** False where the object surely has no row of the agent. */
  mayHold(id: ObjectId, agent: AgentId): boolean

  setEvidence(object: VoteObject, agent: AgentId, evidence: unknown): void
  deleteEvidence(object: VoteObject, agent: AgentId): void
  keepHistory(object: VoteObject, entry: HistoryEntry): void
  forgetHistory(object: VoteObject, version: number): void

  /** Durably the same as in `settings`; null: gone. */
  savePolicy(name: string, policy: Policy | null): void
  saveAgent(agent: AgentId, settings: AgentWeight | null): void
  pending: Pending | null

  /** Begins as the reshard says: incarnation base, clock, guard, and so many snapshots to come. Answers why not, or undefined. */
  beginImport(resharded: Resharded): string | undefined
  /** Takes rows as they were, one record of them. */
  importRows(snapshot: Snapshot): void

  emit(change: Change): void
  /** Told at each evaluation of an object whose rule cannot decide; null: it can again. */
  ruleFault(object: VoteObject, fault: RuleFault | null): void
  /** True: stop after this evaluation; the record in hand will be applied again from its start. */
  readonly full: boolean
}
