import { UNKNOWN, type AgentId, type State } from '@quorate/contracts'
import type { InForce } from './in-force'
import type { Row, VoteObject } from './object'
import type { Settings } from './settings'
import { newBallot, type Ballot, type Count } from './tally'

export function newCount(policy: InForce): Count {
  return { ballots: Array.from({ length: policy.ballots }, newBallot) }
}

export const expiresAt = (row: Row, policy: InForce): number => row.base + Math.min(row.ttl, policy.ttl)
export const forgottenAt = (row: Row, policy: InForce): number => row.at + policy.memory

/** An expired or abstaining row has nothing to lose but its memory. */
export const rowDue = (row: Row, policy: InForce): number =>
  row.counted > 0 ? expiresAt(row, policy) : forgottenAt(row, policy)

/** An abstention: `unknown`, or a state that the policy in force does not list (vote.md 2). */
export const abstains = (state: State, policy: InForce): boolean =>
  state === UNKNOWN || (policy.listed !== null && !policy.listed.has(state))

/** Weight with which a row counts at `now`: 0 unless its agent is a participant (vote.md 3). */
export function weightAt(row: Row, policy: InForce, settings: Settings, now: number): number {
  if (abstains(row.state, policy) || now >= expiresAt(row, policy)) return 0
  if (policy.electorate !== null && !policy.electorate.has(row.agent)) return 0
  return settings.weightOf(row.agent)
}

export const ballotOf = (count: Count, policy: InForce, agent: AgentId): Ballot => count.ballots[policy.groupOf(agent)]!

/** Lets the row in or moves it: takes its old vote back and casts the present one. */
export function castVote(object: VoteObject, row: Row, weight: number): void {
  row.counted = weight
  if (weight > 0) ballotOf(object.count, object.inForce, row.agent).tally.add(row.state, weight)
}

export function withdrawVote(object: VoteObject, row: Row): void {
  if (row.counted > 0) ballotOf(object.count, object.inForce, row.agent).tally.take(row.state, row.counted)
  row.counted = 0
}

/** The agent becomes known, or is known no longer. */
export function moveKnown(object: VoteObject, agent: AgentId, settings: Settings, sign: 1 | -1): void {
  if (object.inForce.electorate !== null) return
  ballotOf(object.count, object.inForce, agent).known += sign * settings.weightOf(agent)
}

/** Counts everything anew: after decoding, and when a policy or an agent's settings changed. */
export function recount(object: VoteObject, policy: InForce, settings: Settings, now: number): void {
  object.inForce = policy
  object.count = newCount(policy)
  object.rowsDue = Infinity
  for (const row of object.rows) {
    moveKnown(object, row.agent, settings, 1)
    castVote(object, row, weightAt(row, policy, settings, now))
    object.rowsDue = Math.min(object.rowsDue, rowDue(row, policy))
  }
  object.countedUnder = settings.version
}
