import { UNKNOWN, type State } from '@quorate/contracts'
import type { Method, Verdict } from './rule'
import type { Tally } from './tally'

/** The state with strictly more than half of `W` (vote.md 4). */
export const MAJORITY: Method = ({ tally }) => {
  const { states, weights, total } = tally
  for (let i = 0; i < states.length; i++) {
    if (2 * weights[i]! > total) return { winner: states[i]!, contested: false, rule: 'majority' }
  }
  return { winner: null, contested: true, rule: 'majority' }
}

/**
 * The weighted median on the scale of `states`. An even split makes it an interval: the previous voted state wins,
 * moved to the nearer end if it lies outside, and the object is contested. If the previous state is not on the scale,
 * nothing is decided.
 */
export const ORDERED: Method = ({ tally }, { policy, listed }, previous) => {
  const scale = policy.states!
  const [low, high] = median(tally, scale)
  if (low === high) return ordered(scale[low]!, false)
  const place = previous === UNKNOWN ? undefined : listed!.get(previous)
  if (place === undefined) return ordered(null, true)
  return ordered(scale[Math.min(Math.max(place, low), high)]!, true)
}

const ordered = (winner: State | null, contested: boolean): Verdict => ({ winner, contested, rule: 'ordered' })

/** First and last rank of the median: they differ if the votes split evenly. */
function median(tally: Tally, scale: readonly State[]): [number, number] {
  let sum = 0
  let low = -1
  for (let place = 0; place < scale.length; place++) {
    sum += tally.of(scale[place]!)
    if (low < 0 && 2 * sum >= tally.total) low = place
    if (2 * sum > tally.total) return [low, place]
  }
  return [low, low]
}
