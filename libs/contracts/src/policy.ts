import type { AgentId, State } from './ids'

/** A policy in force, defaults filled in (vote.md 9). Durations in seconds. */
export interface Policy {
  readonly name: string
  /** Glob on the object id: `*` any but `/`, `**` any. */
  readonly match: string
  readonly priority: number
  readonly states?: readonly State[]
  readonly method: string
  readonly thresholds?: Readonly<Record<State, number>>
  readonly ttl: number
  readonly memory: number
  readonly electorate?: readonly AgentId[]
  /** `half`, `majority`, an integer, or a share such as `"60%"`. */
  readonly quorum: string | number
  readonly groups?: Readonly<Record<string, readonly AgentId[]>>
  readonly confirm: Readonly<Record<State, number>>
  readonly settle: number
  readonly unknownAfter: number
  /** `hold`, `unknown`, or a state. */
  readonly onNoQuorum: string
  readonly flap: { readonly changes: number; readonly window: number }
  readonly maxOverride: number
  readonly history: number
  readonly allowDictator: boolean
}

/** A policy as written: name and match, the rest as wanted. */
export type PolicyInput = Pick<Policy, 'name' | 'match'> & {
  -readonly [K in keyof Omit<Policy, 'name' | 'match' | 'flap'>]?: Policy[K]
} & {
  readonly flap?: { readonly changes?: number; readonly window?: number }
}

export interface AgentSettings {
  readonly agent: AgentId
  readonly weight?: number
  readonly muted?: boolean
}

/** A fault in input, with a JSON pointer to the place. */
export interface Fault {
  readonly pointer: string
  readonly detail: string
}
