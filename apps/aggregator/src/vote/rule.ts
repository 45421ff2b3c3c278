import type { Policy, State } from '@quorate/contracts'
import type { Tally } from './tally'

/** A vote that counts, or in the run over groups a group's. */
export interface Participant {
  /** Agent id, or the name of a group. */
  readonly agent: string
  readonly state: State
  readonly weight: number
}

/** What a rule says: a winner (which may be contested all the same), or a contest; and what decided. */
export type Judgement =
  | { readonly winner: State; readonly contested?: boolean; readonly rule: string }
  | { readonly winner?: undefined; readonly contested: true; readonly rule: string }

/**
 * A way to decide, given quorum, registered in code and named by policies in `method` (vote.md 9). Pure: the same participants in
 * any order, the same policy and the same previous voted state give the same judgement. A winner of `unknown` is no winner.
 */
export type Rule = (participants: readonly Participant[], policy: Policy, previous: State) => Judgement

/** Rules registered in code, by name. */
export type Rules = ReadonlyMap<string, Rule>

export const NO_RULES: Rules = new Map()

/** A judgement spelt out. */
export interface Verdict {
  readonly winner: State | null
  readonly contested: boolean
  readonly rule: string
}

/** The votes of one run: the tally at hand, the single votes for rules that need them. */
export interface Votes {
  readonly tally: Tally
  participants(): readonly Participant[]
}

/** How a run is decided: the vote's own methods look at the tally alone, which costs the same whatever the number of agents. */
export type Method = (votes: Votes, scale: Scale, previous: State) => Verdict

/** What methods see of the policy. */
export interface Scale {
  readonly policy: Policy
  /** Place of each listed state, best first; null: none are listed. */
  readonly listed: ReadonlyMap<State, number> | null
}

/** A registered rule as a method. */
export function ruleMethod(rule: Rule): Method {
  return (votes, { policy }, previous) => {
    const said = rule(votes.participants(), policy, previous)
    const winner = said.winner ?? null
    return { winner, contested: said.contested ?? winner === null, rule: said.rule }
  }
}
