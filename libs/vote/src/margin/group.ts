import { UNKNOWN, type State } from '@quorate/contracts'
import type { InForce } from '../in-force'
import { fewestToUnseat } from './run'
import { fewest, heavier, type Stacks, sum } from './votes'

/** The cost, in changed votes, of making a group vote for a state or abstain. */
export interface Price {
  /** By state; Infinity if no change of votes achieves it. */
  readonly states: ReadonlyMap<State, number>
  /**
   * The cost of making it abstain: lower and upper bound. They differ where the exact cost would be a packing problem.
   */
  readonly abstains: readonly [number, number]
}

/** A group without quorum abstains, whatever its agents report. */
export const SILENT: Price = { states: new Map(), abstains: [0, 0] }

/** The prices of a group that has quorum; `targets`: the states that a vote may name. */
export function priceOf(stacks: Stacks, policy: InForce, winner: State | null, targets: Iterable<State>): Price {
  const states = new Map<State, number>()
  for (const target of targets) states.set(target, target === winner ? 0 : fewestFor(target, stacks, policy))
  return { states, abstains: winner === null ? [0, 0] : fewestForNone(stacks, policy, winner, states) }
}

/** Fewest changed votes after which `target` wins this run: all of them go to it, and no other state may prevent it. */
function fewestFor(target: State, stacks: Stacks, policy: InForce): number {
  const { total } = stacks
  const others = stacks.states.filter((state) => state !== target)
  const own = policy.thresholds.findIndex(([state]) => state === target)
  const gain = (needed: number) => needed - stacks.weight(target)
  const severer = new Map(policy.thresholds.slice(0, Math.max(own, 0)))
  const byThreshold = own < 0 ? Infinity : drawn(others, severer, gain(policy.thresholds[own]![1]), stacks)
  const bars = new Map(policy.thresholds)
  if (policy.policy.method !== 'ordered') {
    return Math.min(byThreshold, drawn(others, bars, gain(Math.floor(total / 2) + 1), stacks))
  }
  // Only `target` is the median: less than half of the weight lies on either side of it.
  const place = (state: State): number => policy.listed!.get(state)! - policy.listed!.get(target)!
  const side = (states: readonly State[]) => {
    const weight = sum(states.map((state) => stacks.weight(state)))
    return drawn(states, bars, Math.floor(weight - total / 2) + 1, stacks)
  }
  const byMedian = side(others.filter((state) => place(state) < 0)) + side(others.filter((state) => place(state) > 0))
  return Math.min(byThreshold, byMedian)
}

/** Fewest votes taken from `states` that weigh `needed` together and leave each below its bar. */
function drawn(states: readonly State[], bars: ReadonlyMap<State, number>, needed: number, stacks: Stacks): number {
  let count = 0
  let weight = 0
  const rest: number[] = []
  for (const state of states) {
    const stack = stacks.of(state)
    const must = fewest(stack, stacks.weight(state) - (bars.get(state) ?? Infinity) + 1)
    count += must
    weight += sum(stack.slice(0, must))
    rest.push(...stack.slice(must))
  }
  return count + fewest(rest.sort(heavier), needed - weight)
}

function fewestForNone(
  stacks: Stacks,
  policy: InForce,
  winner: State,
  states: ReadonlyMap<State, number>,
): readonly [number, number] {
  const none = [Infinity, Infinity] as const
  const least = fewestToUnseat({ stacks, policy, previous: UNKNOWN, winner })
  const others = [...states].filter(([state]) => state !== winner).map(([, price]) => price)
  // Enough to unseat the winner, but not enough for any other state: nobody wins.
  if (least < Math.min(Infinity, ...others)) return [least, least]
  if (policy.policy.method === 'ordered') return stacks.total % 2 === 1 ? none : [least, Infinity]

  const half = Math.floor(stacks.total / 2)
  const bars = new Map(policy.thresholds)
  const room = (state: State): number => Math.min(half, (bars.get(state) ?? Infinity) - 1)
  const leaving: number[] = []
  const rooms = new Map((policy.listed === null ? [] : [...states.keys()]).map((state) => [state, room(state)]))
  for (const state of stacks.states) {
    const stack = stacks.of(state)
    const gone = fewest(stack, stacks.weight(state) - room(state))
    leaving.push(...stack.slice(0, gone))
    rooms.set(state, room(state) - sum(stack.slice(gone)))
  }
  // If any state is allowed, each moved vote can name a state of its own.
  if (policy.listed === null) {
    return leaving.some((weight) => weight > half) ? none : [leaving.length, leaving.length]
  }
  if (sum([...states.keys()].map(room)) < stacks.total) return none
  return [Math.max(least, leaving.length), fits(leaving, [...rooms.values()]) ? leaving.length : Infinity]
}

/**
 * Whether the moved votes fit: heaviest first, each into the largest room. It may miss a solution but never invents
 * one.
 */
function fits(leaving: readonly number[], rooms: number[]): boolean {
  return [...leaving].sort(heavier).every((weight) => {
    const at = rooms.indexOf(Math.max(...rooms))
    rooms[at]! -= weight
    return rooms[at]! >= 0
  })
}
