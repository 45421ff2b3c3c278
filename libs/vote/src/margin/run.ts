import { UNKNOWN, type State } from '@quorate/contracts'
import type { InForce } from '../in-force'
import { fewest, type Stacks, sum, targetsOf } from './votes'

/** One run of sections 3 and 4 that has quorum and uses a built-in method. */
export interface Race {
  readonly stacks: Stacks
  readonly policy: InForce
  readonly previous: State
  readonly winner: State | null
}

/**
 * The fewest changed votes after which this run has another winner, or gets one if it had none; Infinity if no change
 * does.
 *
 * Exact, because the only condition is that some weight leaves some states: the heaviest votes leave first, and all go
 * to the one state that helps most. If a threshold holds the winner, two conditions meet: so many of its own votes, and
 * so many of the others'.
 */
export function fewestToUnseat(race: Race): number {
  const { winner, policy } = race
  if (winner === null) return fewestToSeat(race)
  return Math.min(
    ...policy.thresholds.map(([state, needed]) => byThreshold(race, winner, state, needed)),
    policy.policy.method === 'ordered'
      ? Math.min(byMedian(race, winner, 1), byMedian(race, winner, -1))
      : byMajority(race, winner),
  )
}

/** A contest without a winner: some state must reach its threshold, or more than half. */
function fewestToSeat({ stacks, policy }: Race): number {
  // An even split without a previous state: moving any vote from one half to the other decides it.
  if (policy.policy.method === 'ordered') return 1
  const thresholds = new Map(policy.thresholds)
  const half = Math.floor(stacks.total / 2) + 1
  const votes = stacks.states.flatMap((state) => stacks.of(state).map((weight) => ({ state, weight })))
  votes.sort((a, b) => b.weight - a.weight)
  let best = Infinity
  for (const target of targetsOf(stacks.states, policy)) {
    let left = Math.min(half, thresholds.get(target) ?? Infinity) - stacks.weight(target)
    let count = 0
    for (let i = 0; left > 0 && i < votes.length && count < best; i++) {
      if (votes[i]!.state === target) continue
      left -= votes[i]!.weight
      count++
    }
    if (left <= 0) best = Math.min(best, count)
  }
  return best
}

/** Weight that the winner must lose to fall below its own threshold. */
function heldBy({ stacks, policy }: Race, winner: State): number {
  const held = policy.thresholds.find(([state]) => state === winner)
  return held === undefined ? 0 : Math.max(0, stacks.weight(winner) - held[1] + 1)
}

/** `state` reaches its threshold. If it is less severe than the winner's, the winner must also lose its own. */
function byThreshold(race: Race, winner: State, state: State, needed: number): number {
  if (state === winner || state === UNKNOWN) return Infinity
  const { stacks, policy } = race
  const isBefore = policy.thresholds.find(([it]) => it === state || it === winner)![0] === state
  const others = stacks.where((it) => it !== winner && it !== state)
  const gain = needed - stacks.weight(state)
  return fewestOfBoth(stacks.of(winner), isBefore ? 0 : heldBy(race, winner), others, gain)
}

/** The winner falls to half of the weight, wherever its votes go. */
function byMajority(race: Race, winner: State): number {
  const { stacks, policy } = race
  if (targetsOf(stacks.states, policy).size < 2) return Infinity
  const more = Math.ceil((2 * stacks.weight(winner) - stacks.total) / 2)
  return fewest(stacks.of(winner), Math.max(more, heldBy(race, winner)))
}

/** The median leaves the winner towards the worse (1) or the better (−1) end of the scale. */
function byMedian(race: Race, winner: State, towards: 1 | -1): number {
  const { stacks, previous } = race
  const scale = race.policy.listed!
  const place = (state: State): number => towards * (scale.get(state)! - scale.get(winner)!)
  if (![...scale.keys()].some((state) => state !== UNKNOWN && place(state) > 0)) return Infinity
  const own = stacks.of(winner)
  const behind = stacks.where((state) => place(state) < 0)
  const held = heldBy(race, winner)
  // Twice the weight beyond half that lies on the near side of the gap that the median must cross.
  const excess = 2 * (sum(own) + sum(behind)) - stacks.total
  const even = Math.ceil(excess / 2)
  const strict = Math.floor(excess / 2) + 1
  // An even split is decided by the previous state: if that lies ahead or is not on the scale, the winner has lost.
  if (previous === UNKNOWN || !scale.has(previous) || place(previous) > 0) {
    return fewestOfBoth(own, held, behind, even)
  }
  const across = fewestOfBoth(own, held, behind, strict)
  // If it lies behind, the nearer end of the split wins: the winner's own place, unless no votes are left there.
  return place(previous) < 0 ? Math.min(across, own.length + fewest(behind, even - sum(own))) : across
}

/** The fewest of `own` and `others` with at least `held` of `own`, and at least `needed` of both. */
function fewestOfBoth(own: readonly number[], held: number, others: readonly number[], needed: number): number {
  let best = Infinity
  let more = others.length
  // The weight of the others beyond what is needed: with each further vote of `own`, fewer of them are enough.
  let spare = sum(others) - needed
  for (let taken = 0, lost = 0; taken <= own.length; taken++) {
    while (more > 0 && spare >= others[more - 1]!) spare -= others[--more]!
    if (lost >= held && spare >= 0) best = Math.min(best, taken + more)
    lost += own[taken] ?? 0
    spare += own[taken] ?? 0
  }
  return best
}
