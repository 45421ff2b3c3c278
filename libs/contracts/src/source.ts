import type { AgentId, ObjectId, State } from './ids'
import type { AgentSettings, PolicyInput } from './policy'
import type { OverrideMode } from './view'

/** An agent's latest claim about an object (vote.md 2). Absent members are undefined, never null. */
export interface Report {
  readonly agent: AgentId
  readonly state: State
  readonly seq?: number
  readonly session?: string
  /** ms */
  readonly ttl?: number
  /** ms since 1970, by the agent's clock */
  readonly observedAt?: number
  readonly evidence?: unknown
}

export interface OverrideSet {
  readonly state: State
  readonly reason?: string
  readonly author?: string
  /** ms since 1970 */
  readonly expiresAt?: number
  readonly mode?: OverrideMode
  /** `<incarnation>.<version>.<n>` (vote.md 6) */
  readonly ifMatch?: string
}

/** The end of an override, or of an object, by an operator. */
export interface OperatorsEnd {
  readonly reason?: string
  readonly author?: string
  /** `<incarnation>.<version>.<n>` (vote.md 6) */
  readonly ifMatch?: string
}

/**
 * The first record of a partition that was made by a reshard (vote.md 7): what the fold begins with, and how many records of the kind
 * `snapshot` follow. Until they have been applied time stands at `time`.
 */
export interface Resharded {
  /** Added to the offsets that are incarnations: above all earlier ones. */
  readonly base: number
  /** ms: the time of the partition that was furthest behind. */
  readonly time: number
  /** Objects with a known voted state, and those of them that are stale. */
  readonly known: number
  readonly stale: number
  readonly snapshots: number
  /** Of the rows' layout. */
  readonly layout: number
  /** The topics that this was made from: their prefix. */
  readonly from: string
}

/** Rows of the partition's tables as they were: table, key, base64. An object's row comes after all others of that object. */
export interface Snapshot {
  readonly rows: readonly (readonly [table: string, key: string, value: string])[]
}

/** Header of what a reshard copied: where it lay. */
export const RESHARDED_FROM = 'quorate-resharded-from'

/** The record repeats what was in force before this offset; `true` for a record of a release that did not say where. */
export type Reappended = number | true

/** A record of the source topic, decoded: what the engine's fold takes. Kinds with an `object` have it as their key; the others have a null key. */
export type SourceCommand =
  | { readonly type: 'report'; readonly object: ObjectId; readonly data: Report }
  | { readonly type: 'leave'; readonly object: ObjectId; readonly data: { readonly agent: AgentId } }
  | { readonly type: 'report-removed'; readonly object: ObjectId; readonly data: { readonly agent: AgentId } }
  | { readonly type: 'override-set'; readonly object: ObjectId; readonly data: OverrideSet }
  | { readonly type: 'override-cleared'; readonly object: ObjectId; readonly data: OperatorsEnd }
  | { readonly type: 'object-deleted'; readonly object: ObjectId; readonly data: OperatorsEnd }
  | { readonly type: 'policy-set'; readonly data: PolicyInput; readonly reappended?: Reappended }
  | { readonly type: 'policy-deleted'; readonly data: { readonly name: string } }
  | { readonly type: 'agent-set'; readonly data: AgentSettings; readonly reappended?: Reappended }
  | { readonly type: 'agent-removed'; readonly data: { readonly agent: AgentId } }
  | { readonly type: 'resharded'; readonly data: Resharded }
  | { readonly type: 'snapshot'; readonly data: Snapshot }
  | { readonly type: 'tick' }

export type SourceType = SourceCommand['type']

/** Kinds that go to every partition, with a null key; never re-routed. */
export const BROADCAST: readonly SourceType[] = ['policy-set', 'policy-deleted', 'agent-set', 'agent-removed']
/** Kinds with a null key. */
export const KEYLESS: readonly SourceType[] = [...BROADCAST, 'resharded', 'snapshot', 'tick']

/**
 * Header of a policy or agent's settings that the owner of the partition appends again before they leave the retention: `@17` says that
 * it repeats what was in force before offset 17. Such a record adds what a reader has not seen; it never changes what the reader knows
 * (vote.md 9). A policy was judged when it was put in force, and is not refused for weights that agents have been given since.
 */
export const REAPPENDED = 'quorate-reappended'
export const reappendedHeader = (from: Reappended) => [REAPPENDED, from === true ? '1' : `@${from}`] as const
export const reappendedOf = (header: string): Reappended =>
  /^@\d{1,15}$/.test(header) ? Number(header.slice(1)) : true
