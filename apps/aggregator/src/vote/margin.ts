import type { State } from '@quorate/contracts'
import type { InForce } from './in-force'
import { decideRun, participantsOf, type Outcome } from './run'
import type { VoteObject } from './object'
import type { Participant } from './rule'
import { Tally } from './tally'

/** Participants up to which every mixture of changed votes is tried where thresholds are in play. */
const FEW = 400

/**
 * The fewest participants whose changed vote (to any other state that may be reported) would change the winner, or give one where
 * there is none. null where none do: without quorum, or with one state alone; and where it is not told: with groups, and under rules
 * registered in code, of which nothing is known.
 *
 * It is enough to move the heaviest votes to one state: away from the winner, or towards another. Where a threshold holds the winner,
 * both may be needed at once.
 */
export function marginOf(object: VoteObject, outcome: Outcome): number | null {
  const policy = object.inForce
  if (!outcome.quorate || policy.groups.length > 0 || !isOwn(policy)) return null
  const votes = participantsOf(object, 0).sort((a, b) => b.weight - a.weight)
  const race = { votes, policy, electorate: outcome.electorate, previous: object.voted, winner: outcome.winner }
  let best = Infinity
  for (const target of targets(votes, policy)) best = Math.min(best, towards(target, race, best))
  return best === Infinity ? null : best
}

const isOwn = ({ policy }: InForce): boolean => policy.method === 'majority' || policy.method === 'ordered'

/** States that a changed vote may name: those of the policy, else those met and one that nobody names yet. */
function targets(votes: readonly Participant[], { listed, thresholds }: InForce): Set<State> {
  if (listed !== null) return new Set([...listed.keys()].filter((state) => state !== 'unknown'))
  const met = new Set([...votes.map(({ state }) => state), ...thresholds.map(([state]) => state)])
  let fresh = 'other'
  while (met.has(fresh)) fresh += '-'
  return met.add(fresh)
}

interface Race {
  /** Heaviest first. */
  readonly votes: readonly Participant[]
  readonly policy: InForce
  readonly electorate: number
  readonly previous: State
  readonly winner: State | null
}

/** Fewest changes to `target` alone, below `limit`; Infinity where there are none. */
function towards(target: State, race: Race, limit: number): number {
  const { votes, winner, policy } = race
  const movable = votes.filter(({ state }) => state !== target)
  const lists = [movable, movable.filter(({ state }) => state === winner)]
  const { listed } = policy
  if (policy.policy.method === 'ordered' && winner !== null) {
    const place = listed!.get(winner)!
    lists.push(movable.filter(({ state }) => listed!.get(state)! <= place))
    lists.push(movable.filter(({ state }) => listed!.get(state)! >= place))
  }
  let best = limit
  for (const list of lists) best = Math.min(best, inOrder(list, target, race, best))
  if (policy.thresholds.length > 0 && winner !== null && votes.length <= FEW) {
    best = Math.min(best, mixed(movable, target, race, best))
  }
  return best
}

/** Moves votes one after the other until the winner is another. */
function inOrder(list: readonly Participant[], target: State, race: Race, limit: number): number {
  const tally = tallyOf(race.votes)
  for (let moved = 1; moved < limit && moved <= list.length; moved++) {
    move(tally, list[moved - 1]!, target)
    if (isChanged(tally, race)) return moved
  }
  return Infinity
}

/** Some of the winner's votes and some of the others', the heaviest of each. */
function mixed(movable: readonly Participant[], target: State, race: Race, limit: number): number {
  const own = movable.filter(({ state }) => state === race.winner)
  const others = movable.filter(({ state }) => state !== race.winner)
  let best = limit
  for (let taken = 1; taken < best && taken <= own.length; taken++) {
    const tally = tallyOf(race.votes)
    for (const vote of own.slice(0, taken)) move(tally, vote, target)
    for (let more = 0; taken + more < best && more <= others.length; more++) {
      if (more > 0) move(tally, others[more - 1]!, target)
      if (isChanged(tally, race)) best = taken + more
    }
  }
  return best
}

function isChanged(tally: Tally, { policy, electorate, previous, winner }: Race): boolean {
  return decideRun({ tally, participants: () => [] }, electorate, policy, previous).winner !== winner
}

function tallyOf(votes: readonly Participant[]): Tally {
  const tally = new Tally()
  for (const { state, weight } of votes) tally.add(state, weight)
  return tally
}

function move(tally: Tally, { state, weight }: Participant, target: State): void {
  tally.take(state, weight)
  tally.add(target, weight)
}
