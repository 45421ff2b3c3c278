import type { State } from '@quorate/contracts'

/** Shared by tallies without a vote, never written; nearly all others have one state, and a list made by `push` has room for 17. */
const NO_STATES: State[] = []
const NO_WEIGHTS: number[] = []

/** Weight by state, kept up to date vote by vote. Few states: two short lists beat a map. */
export class Tally {
  states = NO_STATES
  weights = NO_WEIGHTS
  /** `W`: the weight of all participants. */
  total = 0

  of(state: State): number {
    const at = this.states.indexOf(state)
    return at < 0 ? 0 : this.weights[at]!
  }

  add(state: State, weight: number): void {
    this.total += weight
    const at = this.states.indexOf(state)
    if (at >= 0) this.weights[at]! += weight
    else if (this.states.length === 0) {
      this.states = [state]
      this.weights = [weight]
    } else {
      this.states.push(state)
      this.weights.push(weight)
    }
  }

  take(state: State, weight: number): void {
    this.total -= weight
    const at = this.states.indexOf(state)
    const left = this.weights[at]! - weight
    if (left > 0) {
      this.weights[at] = left
      return
    }
    // Out with it: else agents that invent states would leave them behind for good.
    const state_ = this.states.pop()!
    const weight_ = this.weights.pop()!
    if (at < this.states.length) {
      this.states[at] = state_
      this.weights[at] = weight_
    }
  }
}

/** Participants and electorate of one run of sections 3 and 4: of the object, or of a group in it. */
export class Ballot extends Tally {
  /** `E`, where the electorate is the known agents; else the policy knows it. */
  known = 0
}
