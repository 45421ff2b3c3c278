import { UNKNOWN, type AgentId, type State } from '@quorate/contracts'
import type { InForce } from './in-force'
import type { Row, VoteObject } from './object'
import type { Settings } from './settings'
import { Ballot } from './tally'

export function newBallots(policy: InForce): Ballot[] {
  const ballots = [new Ballot()]
  while (ballots.length < policy.ballots) ballots.push(new Ballot())
  return ballots
}

const ttlOf = (row: Row, { ttl }: InForce): number => (row.ttl > 0 && row.ttl < ttl ? row.ttl : ttl)

export const expiresAt = (row: Row, { createdAt, inForce }: VoteObject): number =>
  createdAt + row.at - row.lag + ttlOf(row, inForce)
export const forgottenAt = (row: Row, { createdAt, inForce }: VoteObject): number => createdAt + row.at + inForce.memory

/** An expired or abstaining row only waits to be forgotten. */
export const rowDue = (row: Row, object: VoteObject): number =>
  row.counted > 0 ? expiresAt(row, object) : forgottenAt(row, object)

/** An abstention: `unknown`, or a state that the policy in force does not list (vote.md 2). */
export const abstains = (state: State, policy: InForce): boolean =>
  state === UNKNOWN || (policy.listed !== null && !policy.listed.has(state))

/** The weight of a row at `now`; 0 unless its agent is a participant (vote.md 3). */
export function weightAt(row: Row, object: VoteObject, settings: Settings, now: number): number {
  const policy = object.inForce
  if (abstains(row.state, policy) || now >= expiresAt(row, object)) return 0
  if (policy.electorate !== null && !policy.electorate.has(row.agent)) return 0
  return settings.weightOf(row.agent)
}

const ballotOf = ({ ballots, inForce }: VoteObject, agent: AgentId): Ballot => ballots[inForce.groupOf(agent)]!

/** Casts the row's vote with this weight. The row must not have a vote yet. */
export function castVote(object: VoteObject, row: Row, weight: number): void {
  row.counted = weight
  if (weight > 0) ballotOf(object, row.agent).add(row.state, weight)
}

export function withdrawVote(object: VoteObject, row: Row): void {
  if (row.counted > 0) ballotOf(object, row.agent).take(row.state, row.counted)
  row.counted = 0
}

/** Adds the agent to the known agents, or removes it. */
export function moveKnown(object: VoteObject, agent: AgentId, settings: Settings, sign: 1 | -1): void {
  if (object.inForce.electorate !== null) return
  ballotOf(object, agent).known += sign * settings.weightOf(agent)
}

/** Recounts everything: after decoding, and when a policy or an agent's settings changed. */
export function recount(object: VoteObject, policy: InForce, settings: Settings, now: number): void {
  object.inForce = policy
  object.ballots = newBallots(policy)
  object.rowsDue = Infinity
  for (const row of object.rows) {
    moveKnown(object, row.agent, settings, 1)
    castVote(object, row, weightAt(row, object, settings, now))
    object.rowsDue = Math.min(object.rowsDue, rowDue(row, object))
  }
  object.countedUnder = settings.version
}
