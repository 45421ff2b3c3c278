import { compareUtf8, LIMITS, type State, type TallyRest } from '@quorate/contracts'

/**
 * Shared by empty tallies and never written. Nearly all other tallies have one state, and an array grown by `push`
 * allocates room for 17.
 */
const NO_STATES: State[] = []
const NO_WEIGHTS: number[] = []

/** Up to this number of states, two short arrays are faster than a map. */
const FEW = 64

/** Weight by state, updated with every vote. */
export class Tally {
  states = NO_STATES
  weights = NO_WEIGHTS
  /** `W`: the weight of all participants. */
  total = 0
  /** Index of each state, built once there are many: agents may invent states. */
  #places: Map<State, number> | undefined = undefined

  of(state: State): number {
    const at = this.#placeOf(state)
    return at < 0 ? 0 : this.weights[at]!
  }

  add(state: State, weight: number): void {
    this.total += weight
    const at = this.#placeOf(state)
    if (at >= 0) this.weights[at]! += weight
    else if (this.states.length === 0) {
      this.states = [state]
      this.weights = [weight]
      this.#places = undefined
    } else {
      this.states.push(state)
      this.weights.push(weight)
      if (this.#places !== undefined) this.#places.set(state, this.states.length - 1)
      else if (this.states.length > FEW) this.#places = new Map(this.states.map((known, place) => [known, place]))
    }
  }

  take(state: State, weight: number): void {
    this.total -= weight
    const at = this.#placeOf(state)
    const left = this.weights[at]! - weight
    if (left > 0) {
      this.weights[at] = left
      return
    }
    // Remove the entry: otherwise agents that invent states would leave them behind forever.
    const state_ = this.states.pop()!
    const weight_ = this.weights.pop()!
    this.#places?.delete(state)
    if (at < this.states.length) {
      this.states[at] = state_
      this.weights[at] = weight_
      this.#places?.set(state_, at)
    }
  }

  #placeOf(state: State): number {
    return this.#places === undefined ? this.states.indexOf(state) : (this.#places.get(state) ?? -1)
  }
}

/** Participants and electorate of one run of sections 3 and 4: of the object, or of a group in it. */
export class Ballot extends Tally {
  /** `E`, if the electorate is the known agents; otherwise the policy determines it. */
  known = 0
}

export type TallyEntries = readonly (readonly [State, number])[]

/** A tally as views, history and explanations show it. */
export interface ShownTally {
  /** The heaviest states, in the order of UTF-8 bytes; states of weight zero are absent. */
  readonly entries: TallyEntries
  /** The others; undefined if all are shown. */
  readonly rest: TallyRest | undefined
}

const byBytes = (a: readonly [State, number], b: readonly [State, number]): number => compareUtf8(a[0], b[0])

/** The heaviest states of a tally; of equal weight, the first by UTF-8 bytes. Bounds the size of what is emitted. */
export function shownTally(all: readonly (readonly [State, number])[]): ShownTally {
  if (all.length <= LIMITS.talliedStates)
    return { entries: all.length > 1 ? [...all].sort(byBytes) : all, rest: undefined }
  const heaviest = [...all].sort((a, b) => b[1] - a[1] || byBytes(a, b))
  const others = heaviest.splice(LIMITS.talliedStates)
  const weight = others.reduce((sum, [, each]) => sum + each, 0)
  return { entries: heaviest.sort(byBytes), rest: { states: others.length, weight } }
}

export const shown = ({ states, weights }: Tally): ShownTally =>
  shownTally(states.map((state, i) => [state, weights[i]!] as const))
