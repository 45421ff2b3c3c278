import { isState, type Policy, type State } from '@quorate/contracts'
import { failed, type RuleFault } from './rule-fault'
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
  readonly rule: string | null
  /** Why there is none: the rule cannot decide. */
  readonly fault?: RuleFault
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

/** No decision, because the rule cannot make one. */
export const undecided = (fault: RuleFault): Verdict => ({ winner: null, contested: false, rule: null, fault })

/** A registered rule as a method. What it throws or returns beside a judgement stops nothing: the state is held. */
export function ruleMethod(name: string, rule: Rule): Method {
  return (votes, { policy }, previous) => {
    let said: unknown
    try {
      said = rule(votes.participants(), policy, previous)
    } catch (error) {
      return undecided(failed(name, `threw ${textOf(error)}`))
    }
    return verdictOf(said) ?? undecided(failed(name, `returned no judgement: ${nameOf(said)}`))
  }
}

const RULE_NAME = 128

/** The judgement as a verdict; undefined where it is none. */
function verdictOf(said: unknown): Verdict | undefined {
  if (typeof said !== 'object' || said === null) return undefined
  const { winner = null, contested = winner === null, rule } = said as Record<string, unknown>
  if (winner !== null && !isState(winner)) return undefined
  if (typeof contested !== 'boolean' || (winner === null && !contested)) return undefined
  if (typeof rule !== 'string' || rule === '' || rule.length > RULE_NAME) return undefined
  return { winner, contested, rule }
}

/** Whatever was thrown, as text. */
function textOf(error: unknown): string {
  try {
    return String(error)
  } catch {
    return 'something that has no text'
  }
}

/** Whatever was returned, as text. */
function nameOf(said: unknown): string {
  try {
    if (said instanceof Promise) return 'a promise (a rule is synchronous)'
    return JSON.stringify(said) ?? String(said)
  } catch {
    return typeof said
  }
}
