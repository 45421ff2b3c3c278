import { UNKNOWN, type State } from '@quorate/contracts'
import type { InForce } from '../in-force'
import type { Participant } from '../rule'

/**
 * The votes of one run by state, heaviest first. Changing votes means taking the heaviest from some of these stacks.
 */
export class Stacks {
  /** `W`: unchanged, whichever votes change. */
  readonly total: number
  readonly #byState = new Map<State, number[]>()
  readonly #weights = new Map<State, number>()

  constructor(votes: readonly Pick<Participant, 'state' | 'weight'>[]) {
    let total = 0
    for (const { state, weight } of votes) {
      total += weight
      this.#weights.set(state, this.weight(state) + weight)
      const stack = this.#byState.get(state)
      if (stack === undefined) this.#byState.set(state, [weight])
      else stack.push(weight)
    }
    for (const stack of this.#byState.values()) stack.sort(heavier)
    this.total = total
  }

  get states(): readonly State[] {
    return [...this.#byState.keys()]
  }

  of(state: State): readonly number[] {
    return this.#byState.get(state) ?? []
  }

  weight(state: State): number {
    return this.#weights.get(state) ?? 0
  }

  /** The votes for all matching states, heaviest first. */
  where(isAsked: (state: State) => boolean): readonly number[] {
    const asked = this.states.filter(isAsked)
    return asked.flatMap((state) => this.of(state)).sort(heavier)
  }
}

export const heavier = (a: number, b: number): number => b - a
export const sum = (weights: readonly number[]): number => weights.reduce((all, weight) => all + weight, 0)

/**
 * How many of the heaviest (sorted heaviest first) weigh at least `needed` together; Infinity if all of them weigh
 * less.
 */
export function fewest(weights: readonly number[], needed: number): number {
  let count = 0
  for (let left = needed; left > 0; count++) {
    if (count === weights.length) return Infinity
    left -= weights[count]!
  }
  return count
}

/**
 * States that a changed vote may name: those of the policy; without a list, those reported and one that nobody reports
 * yet.
 */
export function targetsOf(met: Iterable<State>, { listed, thresholds }: InForce): Set<State> {
  if (listed !== null) return new Set([...listed.keys()].filter((state) => state !== UNKNOWN))
  const all = new Set([...met, ...thresholds.map(([state]) => state)])
  all.delete(UNKNOWN)
  let fresh = 'other'
  while (all.has(fresh)) fresh += '-'
  return all.add(fresh)
}
