import { isState, type Policy, type State } from '@quorate/contracts'
import { failed, type RuleFault } from './rule-fault'
import type { Tally } from './tally'

/** A vote that counts; in the run over groups, a group's vote. */
export interface Participant {
  /** Agent id, or the name of a group. */
  readonly agent: string
  readonly state: State
  readonly weight: number
}

/** The decision of a rule: a winner (which may still be contested) or a contest, and what decided. */
export type Judgement =
  | { readonly winner: State; readonly contested?: boolean; readonly rule: string }
  | { readonly winner?: undefined; readonly contested: true; readonly rule: string }

/**
 * A method of deciding, given quorum, that is registered in code and named by policies in `method` (vote.md 9). It must
 * be pure: the same participants in any order, the same policy and the same previous voted state give the same
 * judgement. A winner of `unknown` is treated as no winner.
 */
export type Rule = (participants: readonly Participant[], policy: Policy, previous: State) => Judgement

/** Rules registered in code, by name. */
export type Rules = ReadonlyMap<string, Rule>

export const NO_RULES: Rules = new Map()

/** A judgement with all members filled in. */
export interface Verdict {
  readonly winner: State | null
  readonly contested: boolean
  readonly rule: string | null
  /** The rule cannot decide, and why. */
  readonly fault?: RuleFault
}

/** The votes of one run: the tally, and the single votes for rules that need them. */
export interface Votes {
  readonly tally: Tally
  participants(): readonly Participant[]
}

/**
 * How a run is decided. The built-in methods use only the tally, so their cost does not depend on the number of agents.
 */
export type Method = (votes: Votes, scale: Scale, previous: State) => Verdict

/** The part of the policy that methods see. */
export interface Scale {
  readonly policy: Policy
  /** Rank of each listed state, best first; null if none are listed. */
  readonly listed: ReadonlyMap<State, number> | null
}

/** No decision, because the rule cannot make one. */
export const undecided = (fault: RuleFault): Verdict => ({ winner: null, contested: false, rule: null, fault })

/**
 * A registered rule as a method. If it throws or returns an invalid result, processing continues and the state is held.
 */
export function ruleMethod(name: string, rule: Rule): Method {
  return (votes, { policy }, previous) => {
    let returned: unknown
    try {
      returned = rule(votes.participants(), policy, previous)
    } catch (error) {
      return undecided(failed(name, `threw ${textOf(error)}`))
    }
    return verdictOf(returned) ?? undecided(failed(name, `returned an invalid judgement: ${nameOf(returned)}`))
  }
}

const RULE_NAME = 128

/** The judgement as a verdict; undefined if it is invalid. */
function verdictOf(said: unknown): Verdict | undefined {
  if (typeof said !== 'object' || said === null) return undefined
  const { winner = null, contested = winner === null, rule } = said as Record<string, unknown>
  if (winner !== null && !isState(winner)) return undefined
  if (typeof contested !== 'boolean' || (winner === null && !contested)) return undefined
  if (typeof rule !== 'string' || rule === '' || rule.length > RULE_NAME) return undefined
  return { winner, contested, rule }
}

/** The thrown value as text. */
function textOf(error: unknown): string {
  try {
    return String(error)
  } catch {
    return 'something that cannot be converted to text'
  }
}

/** The returned value as text. */
function nameOf(said: unknown): string {
  try {
    if (said instanceof Promise) return 'a promise (a rule is synchronous)'
    return JSON.stringify(said) ?? String(said)
  } catch {
    return typeof said
  }
}
