import type { State } from '@quorate/contracts'
import { groupOutcome } from '../groups'
import { priceOf, SILENT, type Price } from './group'
import { Stacks, targetsOf } from './votes'
import { waysOf, type Way } from './ways'
import type { VoteObject } from '../object'
import { participantsOf, type Outcome } from '../run'
import type { Settings } from '../settings'

/** Steps beyond which the margin is not computed: some 50 groups on a scale, some 150 otherwise. */
const MAX_STEPS = 20_000_000

/**
 * The fewest votes in all groups whose change gives the run over the groups another winner (or none). Infinity if no
 * change does; undefined if it is too expensive to compute. Each group can be made to vote for each state at a price. A
 * way only needs a number of groups per set of states, so the cheapest is found group by group (a knapsack over
 * counts).
 */
export function fewestOverGroups(object: VoteObject, outcome: Outcome, settings: Settings): number | undefined {
  const policy = object.inForce
  const ballots = policy.groups.map((_, group) => new Stacks(participantsOf(object, group)))
  const targets = targetsOf(new Set(ballots.flatMap(({ states }) => states)), policy)
  const { electorate, winner } = outcome
  const ways = waysOf({ policy, electorate, winner, previous: object.voted }, targets)
  if (ways.reduce((work, way) => work + stepsOf(way, ballots.length), 0) > MAX_STEPS) return undefined
  const prices = ballots.map((stacks, group) => {
    const outcome = groupOutcome(object, settings, group)
    return outcome.quorate ? priceOf(stacks, policy, outcome.winner, targets) : SILENT
  })
  const least = cheapest(ways, prices, 0)
  const isExact = prices.every(({ abstains: [low, high] }) => low === high) || least === cheapest(ways, prices, 1)
  return isExact ? least : undefined
}

const stepsOf = ({ sets }: Way, groups: number): number => groups * (sets.length + 1) * (groups + 1) ** sets.length

const cheapest = (ways: readonly Way[], prices: readonly Price[], bound: 0 | 1): number =>
  ways.reduce((best, way) => Math.min(best, priceOfWay(way, prices, bound)), Infinity)

/** The lowest cost that fulfils the way. `costs`: by the counts reached so far, the lowest cost of reaching them. */
function priceOfWay(way: Way, prices: readonly Price[], bound: 0 | 1): number {
  const base = prices.length + 1
  const size = base ** way.sets.length
  const steps = [...way.sets.map((_, i) => base ** i), 0]
  let costs = new Float64Array(size).fill(Infinity)
  costs[0] = 0
  for (const price of prices) {
    const options = optionsOf(price, way, bound)
    const next = new Float64Array(size).fill(Infinity)
    for (let at = 0; at < size; at++) {
      const cost = costs[at]!
      if (cost === Infinity) continue
      for (let i = 0; i < options.length; i++) {
        const to = at + steps[i]!
        if (cost + options[i]! < next[to]!) next[to] = cost + options[i]!
      }
    }
    costs = next
  }
  const countsAt = (at: number): number[] => way.sets.map((_, i) => Math.floor(at / base ** i) % base)
  return costs.reduce((best, cost, at) => (cost < best && way.fulfils(countsAt(at)) ? cost : best), Infinity)
}

/** The cost of putting the group into each set, and into none. */
function optionsOf({ states, abstains }: Price, { sets, restSpeaks }: Way, bound: 0 | 1): number[] {
  const least = (isAsked: (state: State) => boolean): number => {
    let best = Infinity
    for (const [state, price] of states) if (price < best && isAsked(state)) best = price
    return best
  }
  const silent = abstains[bound]
  const rest = restSpeaks
    ? Math.min(
        silent,
        least((state) => !sets.some((isAsked) => isAsked(state))),
      )
    : silent
  return [...sets.map(least), rest]
}
