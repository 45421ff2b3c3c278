import type { AgentId, ObjectId, State } from './ids'

/** What led to a change, in order of precedence (vote.md 8). */
export const CAUSES = [
  'override', 'override-cleared', 'override-expired', 'override-agreed', 'quorum-lost', 'no-majority',
  'vote', 'agent-left', 'report-removed', 'agent-changed', 'agent-removed', 'policy', 'deleted', 'forgotten',
] as const // prettier-ignore
export type Cause = (typeof CAUSES)[number]

/** The record that led to an evaluation; for a deadline `{type: "deadline", offset}` with the record that moved time on. */
export interface Trigger {
  readonly type: string
  readonly agent?: AgentId
  readonly seq?: number
  readonly offset: number
}

export type OverrideMode = 'pin' | 'until-agree'

export interface Override {
  readonly state: State
  readonly reason: string | null
  readonly author: string | null
  /** ms; null: until cleared. */
  readonly expiresAt: number | null
  readonly mode: OverrideMode
}

/** What a tally that shows the heaviest states alone leaves out. */
export interface TallyRest {
  /** How many. */
  readonly states: number
  /** Theirs together. */
  readonly weight: number
}

/**
 * The public view of an object: the value of every sink record, and with times in RFC 3339 the body of REST answers (vote.md 8).
 * Members in this order. Points in time are ms since 1970 here and on the wire of the log.
 */
export interface View {
  readonly object: ObjectId
  readonly incarnation: number
  readonly version: number
  readonly revision: number
  /** The effective state. */
  readonly state: State
  readonly from: State | null
  readonly voted: State
  readonly since: number
  readonly decidedAt: number
  readonly cause: Cause | null
  readonly trigger: Trigger | null
  readonly contested: boolean
  readonly stale: boolean
  readonly flapping: boolean
  readonly divergent: boolean
  readonly override: Override | null
  /** Weight by state, in the order of the states' UTF-8 bytes, zero left out: of the 64 heaviest. */
  readonly tally: Readonly<Record<State, number>>
  /** The states that the tally does not show, where there are more than it may (docs/spec/limits.md); absent else. */
  readonly tallyRest?: TallyRest
  readonly participants: number
  readonly electorate: number
  readonly quorum: number
  readonly rule: string | null
  readonly policy: string
  readonly incident: string | null
}
