import { fillPolicy, type PolicyInput, type SourceCommand } from '@quorate/contracts'
import { Chance } from '../../testing/random-scenario'
import { decide } from '../decide'
import { Fold } from '../fold'
import { inForce, type InForce } from '../in-force'
import { marginOf } from './margin'
import { fewestToUnseat } from './run'
import { Stacks } from './votes'
import { MemoryState } from '../memory'
import type { VoteObject } from '../object'
import { NO_RULES, type Rules } from '../rule'
import { decideRun, type Outcome } from '../run'
import { Settings } from '../settings'
import { Tally } from '../tally'

const STATES = ['up', 'degraded', 'down']
const ORDERED = { states: STATES, method: 'ordered' }
const THRESHOLDS = { degraded: 2, down: 3 }

interface Vote {
  readonly state: string
  readonly weight: number
  readonly group: number
}

/** Decides these votes from scratch; null if there is no winner. */
type Winner = (votes: readonly Vote[]) => string | null

/**
 * The fewest changed votes after which the winner is another, by trying every set and every change; null if there is
 * none.
 */
function byTrial(votes: readonly Vote[], winner: Winner, states: readonly string[] | undefined): number | null {
  const possible = states ?? [...STATES, ...votes.map((_, i) => `new-${i}`)]
  const now = winner(votes)
  const tried = (from: number, left: number, changed: Vote[]): boolean => {
    if (left === 0) return winner(changed) !== now
    for (let i = from; i < votes.length; i++) {
      const was = changed[i]!
      for (const state of possible) {
        if (state === was.state) continue
        changed[i] = { ...was, state }
        if (tried(i + 1, left - 1, changed)) return true
      }
      changed[i] = was
    }
    return false
  }
  for (let size = 1; size <= votes.length; size++) if (tried(0, size, [...votes])) return size
  return null
}

function tallyOf(votes: readonly Pick<Vote, 'state' | 'weight'>[]): Tally {
  const tally = new Tally()
  for (const { state, weight } of votes) tally.add(state, weight)
  return tally
}

const run = (votes: readonly Vote[], electorate: number, policy: InForce, previous: string): Outcome =>
  decideRun({ tally: tallyOf(votes), participants: () => [] }, electorate, policy, previous)

const ready = (input: PolicyInput): InForce => inForce(fillPolicy(input).policy!, NO_RULES)

describe('the margin of one run', () => {
  const policies: PolicyInput[] = [
    {},
    { states: STATES },
    ORDERED,
    { states: STATES, thresholds: { down: 2 } },
    { states: STATES, thresholds: THRESHOLDS },
    { states: STATES, thresholds: { up: 4, degraded: 1 } },
    { ...ORDERED, thresholds: { down: 2 } },
    { ...ORDERED, thresholds: { up: 2, down: 3 } },
    { thresholds: { down: 3 } },
    { states: ['up', 'down'] },
    { states: ['up'] },
  ].map((it) => ({ name: 'p', match: '**', ...it }))

  it('is the fewest changed votes that change the winner, whatever the previous state', () => {
    for (let seed = 1; seed <= 3000; seed++) {
      const chance = new Chance(seed)
      const input = policies[seed % policies.length]!
      const policy = ready(input)
      const states = input.states ?? STATES
      const heavy = chance.oneIn(2)
      const votes = Array.from({ length: 1 + chance.below(5) }, () => {
        return { state: chance.of(states), weight: heavy ? 1 + chance.below(4) : 1, group: 0 }
      })
      const previous = chance.of([...states, 'unknown', 'gone'])
      const winner: Winner = (changed) => run(changed, 1, policy, previous).winner
      const margin = fewestToUnseat({ stacks: new Stacks(votes), policy, previous, winner: winner(votes) })
      const least = byTrial(votes, winner, input.states)
      expect([seed, margin]).toEqual([seed, least ?? Infinity])
    }
  })

  // Trying each state against each other would exceed the time limit of a test.
  it('is computed for thousands of agents that each name a different state', () => {
    const stacks = new Stacks(Array.from({ length: 5000 }, (_, i) => ({ state: `s${i}`, weight: 1 })))
    const policy = ready({ name: 'p', match: '**' })
    expect(fewestToUnseat({ stacks, policy, previous: 'unknown', winner: null })).toBe(2500)
  })
})

/** An object as the engine leaves it after these commands. */
function objectOf(policy: PolicyInput, commands: readonly SourceCommand[], rules: Rules = NO_RULES) {
  const settings = new Settings(rules)
  const judged = settings.judge(policy)
  if (judged.faults !== undefined) throw new Error(JSON.stringify(judged.faults))
  settings.setPolicy(judged.policy)
  const state = new MemoryState(() => undefined, settings)
  const fold = new Fold(state)
  commands.forEach((command, i) => {
    fold.advance(1000 + i, i)
    fold.apply(command, i)
  })
  const object = state.load('o')!
  return { object, settings, outcome: decide(object, settings) }
}

const report = (agent: string, state: string): SourceCommand => ({
  type: 'report',
  object: 'o',
  data: { agent, state },
})

describe('the margin over groups', () => {
  const GROUPS = { one: ['a', 'b', 'c'], two: ['d', 'e'], three: ['f'] }
  const AGENTS = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
  const policies: PolicyInput[] = [
    {},
    { quorum: 'majority' },
    { quorum: 1, confirm: { '*': 60 } },
    { states: STATES, quorum: '100%' },
    { states: ['up', 'down'], quorum: 1 },
    { ...ORDERED, quorum: 1 },
    { ...ORDERED, confirm: { '*': 60 } },
    { ...ORDERED, thresholds: { down: 2 }, confirm: { down: 60 } },
    { states: STATES, thresholds: THRESHOLDS },
    { states: STATES, quorum: 1, thresholds: { up: 2, degraded: 1 } },
    { thresholds: { down: 2 } },
  ].map((it) => ({ name: 'p', match: '**', groups: GROUPS, ...it }))

  /** Group by group, then over the groups. */
  function winnerOver({ inForce: policy, voted }: VoteObject, electors: readonly number[], electorate: number): Winner {
    return (votes) => {
      const said = electors.flatMap((weight, group) => {
        const own = votes.filter((vote) => vote.group === group)
        const { winner } = run(own, weight, policy, 'unknown')
        return winner === null ? [] : [{ state: winner, weight: 1, group: 0 }]
      })
      return run(said, electorate, policy, voted).winner
    }
  }

  interface Judged {
    readonly seed: number
    readonly margin: number | null
    readonly least: number | null
    /** Whether the margin may be unknown: weights differ, and the states are limited or on a scale. */
    readonly isHard: boolean
  }

  function judge(seed: number): Judged {
    const chance = new Chance(seed)
    const input = policies[seed % policies.length]!
    const agents = AGENTS.filter(() => !chance.oneIn(4))
    const heavy = chance.oneIn(2)
    const weights = agents.flatMap((agent): SourceCommand[] =>
      heavy ? [{ type: 'agent-set', data: { agent, weight: chance.below(4) } }] : [],
    )
    const states = input.states ?? STATES
    const reports = Array.from({ length: 10 }, () => report(chance.of(agents), chance.of([...states, 'unknown'])))
    const { object, settings, outcome } = objectOf(input, [...weights, report(agents[0]!, 'up'), ...reports])
    const policy = object.inForce
    const votes = object.rows
      .filter(({ counted }) => counted > 0)
      .map(({ agent, state, counted }) => ({ state, weight: counted, group: policy.groupOf(agent) }))
    const electors = object.ballots.map(({ known }) => known)
    const winner = winnerOver(object, electors, outcome.electorate)
    expect([seed, winner(votes)]).toEqual([seed, outcome.winner])
    const least = byTrial(votes, winner, input.states)
    return { seed, margin: marginOf(object, outcome, settings), least, isHard: heavy && input.states !== undefined }
  }

  it('is the fewest changed votes that change the winner, or null if that is hard to compute', () => {
    let untold = 0
    let told = 0
    for (let seed = 1; seed <= 1500; seed++) {
      const { margin, least, isHard } = judge(seed)
      if (margin === null && least !== null && isHard) untold++
      else expect([seed, margin]).toEqual([seed, least])
      if (margin !== null) told++
    }
    expect(told).toBeGreaterThan(1000)
    expect(untold).toBeLessThan(15)
  }, 60_000)

  it('is computed if the votes that leave a state have room in others, and null if they may not', () => {
    const of = (down: number) => {
      const agents = (i: number) => ['a', 'b', 'c'].map((agent) => `${agent}${i}`)
      const groups = Object.fromEntries([0, 1, 2, 3, 4].map((i) => [`g${i}`, agents(i)]))
      const all = Object.values(groups).flat()
      const weights = all.map((agent): SourceCommand => ({ type: 'agent-set', data: { agent, weight: 20 } }))
      const thresholds = { degraded: 30, down }
      const input = { name: 'p', match: '**', groups, quorum: '100%', states: STATES, thresholds }
      const { object, outcome, settings } = objectOf(input, [...weights, ...all.map((agent) => report(agent, 'up'))])
      expect(outcome.winner).toBe('up')
      return marginOf(object, outcome, settings)
    }
    // One degraded, one down, one up: a group abstains, and the quorum is lost. Or one down in each of three groups.
    expect([of(21), of(20)]).toEqual([2, null])
  })

  it('is computed for many groups, and null above the limit of work', () => {
    const of = (count: number, method: string) => {
      const groups = Object.fromEntries(Array.from({ length: count }, (_, i) => [`g${i}`, [`a${i}`]]))
      const reports = Array.from({ length: count }, (_, i) => report(`a${i}`, i % 3 === 0 ? 'down' : 'up'))
      const input = { name: 'p', match: '**', groups, method, states: STATES }
      const { object, outcome, settings } = objectOf(input, reports)
      return marginOf(object, outcome, settings)
    }
    expect([of(99, 'majority'), of(30, 'ordered'), of(999, 'majority')]).toEqual([17, 6, null])
  })
})

describe('the margin under a rule registered in code', () => {
  it('is null: nothing is known of the arithmetic of the rule', () => {
    const rules: Rules = new Map([['first', (votes) => ({ winner: votes[0]!.state, rule: 'first' })]])
    const input = { name: 'p', match: '**', method: 'first' }
    const { object, outcome, settings } = objectOf(input, [report('a', 'up'), report('b', 'down')], rules)
    expect([outcome.winner, marginOf(object, outcome, settings)]).toEqual(['up', null])
  })
})
