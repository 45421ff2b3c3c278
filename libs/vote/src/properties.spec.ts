import {
  DEFAULT_POLICY,
  fillPolicy,
  type Change,
  type PolicyInput,
  type SourceCommand,
  type View,
} from '@quorate/contracts'
import { Chance, randomScenario } from '../testing/random-scenario'
import { Fold } from './fold'
import { look } from './look'
import { MemoryState } from './memory'
import { decideRun } from './run'
import { Settings } from './settings'
import { Tally } from './tally'
import { inForce } from './in-force'
import { NO_RULES } from './rule'

const AGENTS = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
const STATES = ['up', 'degraded', 'down']

class Run {
  readonly changes: Change[] = []
  readonly state: MemoryState
  readonly fold: Fold
  offset = 0

  constructor(...policies: PolicyInput[]) {
    const settings = new Settings()
    for (const policy of policies) settings.setPolicy(fillPolicy(policy).policy!)
    this.state = new MemoryState((change) => this.changes.push(change), settings)
    this.fold = new Fold(this.state)
  }

  at(time: number, command: SourceCommand): this {
    this.fold.advance(time, this.offset)
    this.fold.apply(command, this.offset++)
    return this
  }

  report(time: number, agent: string, state: string, data: object = {}): this {
    return this.at(time, { type: 'report', object: 'o', data: { agent, state, ...data } })
  }

  get view(): View {
    return look(this.state, 'o')!
  }
}

const shuffled = <T>(values: readonly T[], chance: Chance): T[] => {
  const left = [...values]
  return Array.from(values, () => left.splice(chance.below(left.length), 1)[0]!)
}

describe('a vote', () => {
  it('with a strict majority does not depend on the order of simultaneous reports', () => {
    for (let seed = 1; seed <= 500; seed++) {
      const chance = new Chance(seed)
      const votes = AGENTS.map((agent) => [agent, chance.of(STATES)] as const)
      const count = (state: string) => votes.filter(([, voted]) => voted === state).length
      const winner = STATES.find((state) => 2 * count(state) > votes.length)
      const run = new Run()
      for (const [agent, state] of shuffled(votes, chance)) run.report(0, agent, state)
      if (winner !== undefined) expect(run.view).toMatchObject({ state: winner, contested: false })
      else expect(run.view.contested).toBe(true)
    }
  })

  it('is never won by a minority without a threshold, and never without quorum', () => {
    const seen = { votes: 0, majorities: 0 }
    for (let seed = 1; seed <= 1500; seed++) {
      const settings = new Settings()
      const state = new MemoryState(({ data, type }) => {
        if (type !== 'object.changed') return
        const view = data as View
        if (view.cause !== 'vote' || view.rule === null || view.contested) return
        seen.votes++
        expect(view.participants).toBeGreaterThanOrEqual(view.quorum)
        expect(view.participants).toBeGreaterThan(0)
        if (view.rule !== 'majority' || view.voted === 'unknown' || view.override !== null) return
        seen.majorities++
        expect(2 * (view.tally[view.voted] ?? 0)).toBeGreaterThan(view.participants)
      }, settings)
      const fold = new Fold(state)
      const lines = randomScenario(seed)
      for (const [offset, { at, type, object, data }] of lines.entries()) {
        fold.advance(at, offset)
        if (type !== 'look') fold.apply({ type, object, data: data ?? {} } as SourceCommand, offset)
      }
    }
    expect(seen.majorities).toBeGreaterThan(1_000)
    expect(seen.votes).toBeGreaterThan(seen.majorities)
  })

  it('is not changed by duplicates', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const chance = new Chance(seed)
      const [once, twice] = [new Run(), new Run()]
      let time = 0
      for (let seq = 1; seq < 30; seq++) {
        time += chance.below(30_000)
        const agent = chance.of(AGENTS)
        const state = chance.of(STATES)
        once.report(time, agent, state, { seq })
        twice.report(time, agent, state, { seq })
        const old = chance.below(seq + 1)
        const before = twice.changes.length
        twice.offset-- // The copies do not consume an offset, so that ids stay comparable.
        twice.report(time, agent, chance.of(STATES), { seq: old })
        expect(twice.changes).toHaveLength(before)
      }
      expect(twice.changes).toEqual(once.changes)
      expect(twice.view).toEqual(once.view)
    }
  })

  it('loses quorum at exactly Q participants less one, for every form of quorum', () => {
    for (const quorum of ['half', 'majority', '34%', '60%', '100%', 1, 3, 7]) {
      for (let electors = 1; electors <= 9; electors++) {
        const policy = inForce({ ...DEFAULT_POLICY, quorum }, NO_RULES)
        for (let present = 0; present <= electors; present++) {
          const tally = new Tally()
          if (present > 0) tally.add('up', present)
          const outcome = decideRun({ tally, participants: () => [] }, electors, policy, 'unknown')
          expect(outcome.quorate).toBe(present > 0 && present >= outcome.quorum)
          expect(outcome.winner).toBe(outcome.quorate ? 'up' : null)
        }
      }
    }
  })
})

describe('an override set and cleared without a vote in between', () => {
  it('emits exactly the two changes, or none if it equals the voted state', () => {
    for (const voted of STATES) {
      for (const state of STATES) {
        const run = new Run({ name: 'p', match: '**', ttl: 600 })
        run.report(0, 'a', voted)
        run.at(1, { type: 'override-set', object: 'o', data: { state } })
        run.at(2, { type: 'override-cleared', object: 'o', data: {} })
        const changed = run.changes.filter(({ type }) => type === 'object.changed').slice(1)
        expect(changed.map(({ data }) => (data as View).state)).toEqual(voted === state ? [] : [state, voted])
      }
    }
  })
})

describe('an evaluation', () => {
  it('changes nothing when repeated', () => {
    for (let seed = 1; seed <= 1000; seed++) {
      const changes: Change[] = []
      const state = new MemoryState((change) => changes.push(change))
      const fold = new Fold(state)
      for (const [offset, { at, type, object, data }] of randomScenario(seed).entries()) {
        fold.advance(at, offset)
        if (type !== 'look') fold.apply({ type, object, data: data ?? {} } as SourceCommand, offset)
        const before = changes.length
        // A broadcast that affects every object and changes nothing: all objects are evaluated again at the same time.
        fold.apply({ type: 'agent-set', data: { agent: 'nobody' } }, offset)
        fold.apply({ type: 'policy-set', data: { name: 'last', match: 'nothing' } }, offset)
        expect(changes.slice(before)).toEqual([])
      }
    }
  })
})
