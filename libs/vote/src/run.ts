import { UNKNOWN, type State } from '@quorate/contracts'
import type { InForce } from './in-force'
import type { VoteObject } from './object'
import { isQuorate } from './quorum'
import type { Participant, Verdict, Votes } from './rule'
import type { RuleFault } from './rule-fault'
import type { Tally } from './tally'

/** The outcome of sections 3 and 4 at one moment. */
export interface Outcome {
  readonly tally: Tally
  /** `W`, `E`, `Q`. */
  readonly participants: number
  readonly electorate: number
  readonly quorum: number
  readonly quorate: boolean
  readonly winner: State | null
  readonly contested: boolean
  /** null without quorum, or if the rule cannot decide. */
  readonly rule: string | null
  /** Why the rule cannot decide; null if it could or was not asked. */
  readonly fault: RuleFault | null
}

/** Decides one run: quorum, thresholds, method. */
export function decideRun(votes: Votes, electorate: number, policy: InForce, previous: State): Outcome {
  const { tally } = votes
  const participants = tally.total
  const quorum = policy.quorum(electorate)
  if (!isQuorate(participants, quorum)) {
    return {
      tally,
      participants,
      electorate,
      quorum,
      quorate: false,
      winner: null,
      contested: false,
      rule: null,
      fault: null,
    }
  }
  const { winner, contested, rule, fault = null } = verdict(votes, policy, previous)
  return { tally, participants, electorate, quorum, quorate: true, winner, contested, rule, fault }
}

function verdict(votes: Votes, policy: InForce, previous: State): Verdict {
  for (const [state, needed] of policy.thresholds) {
    if (votes.tally.of(state) >= needed) return { winner: state, contested: false, rule: 'threshold' }
  }
  const decided = policy.method(votes, policy, previous)
  if (decided.fault !== undefined) return decided
  return decided.winner === null || decided.winner === UNKNOWN
    ? { winner: null, contested: true, rule: decided.rule }
    : decided
}

/** The counting votes of one ballot, in the order of the rows. */
export function participantsOf(object: VoteObject, ballot: number): Participant[] {
  const { rows, inForce } = object
  return rows
    .filter((row) => row.counted > 0 && inForce.groupOf(row.agent) === ballot)
    .map(({ agent, state, counted }) => ({ agent, state, weight: counted }))
}
