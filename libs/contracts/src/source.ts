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

/** A record of the source topic, decoded: what the engine's fold takes. Kinds with an `object` have it as their key; the others have a null key. */
export type SourceCommand =
  | { readonly type: 'report'; readonly object: ObjectId; readonly data: Report }
  | { readonly type: 'leave'; readonly object: ObjectId; readonly data: { readonly agent: AgentId } }
  | { readonly type: 'report-removed'; readonly object: ObjectId; readonly data: { readonly agent: AgentId } }
  | { readonly type: 'override-set'; readonly object: ObjectId; readonly data: OverrideSet }
  | { readonly type: 'override-cleared'; readonly object: ObjectId; readonly data: { readonly ifMatch?: string } }
  | { readonly type: 'object-deleted'; readonly object: ObjectId; readonly data: { readonly ifMatch?: string } }
  /** `reappended`: it was in force already at this place (see REAPPENDED). */
  | { readonly type: 'policy-set'; readonly data: PolicyInput; readonly reappended?: true }
  | { readonly type: 'policy-deleted'; readonly data: { readonly name: string } }
  | { readonly type: 'agent-set'; readonly data: AgentSettings }
  | { readonly type: 'agent-removed'; readonly data: { readonly agent: AgentId } }
  | { readonly type: 'tick' }

export type SourceType = SourceCommand['type']

/** Kinds that go to every partition, with a null key; never re-routed. */
export const BROADCAST: readonly SourceType[] = ['policy-set', 'policy-deleted', 'agent-set', 'agent-removed']
/** Kinds with a null key. */
export const KEYLESS: readonly SourceType[] = [...BROADCAST, 'tick']

/**
 * Header of a policy or agent's settings that its partition's owner appends again before they leave the retention: nothing has changed.
 * A policy was judged when it was put in force, and is not refused for the weights that agents have been given since (vote.md 9).
 */
export const REAPPENDED = 'quorate-reappended'
