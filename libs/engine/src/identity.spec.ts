import { LIMITS } from '@quorate/contracts'
import { ObjectReader } from './objects/object-reader'
import { ALIKE, Chance, randomName } from '@quorate/vote/testing'
import type { ScenarioLine } from '../testing/scenario'
import { recordsOf, TestTask } from '../testing/test-task'

const report = (object: string, agent: string, state: string, more: object = {}): ScenarioLine => ({
  at: 1000,
  object,
  type: 'report',
  data: { agent, state, ...more },
})

/** Rows of the explanation by agent, and the tally. */
function shown(task: TestTask, object: string) {
  const reader = new ObjectReader()
  const read = reader.read(task.tables, object)
  if (read === undefined) return undefined
  const { agents } = reader.explanation(task.tables, read)
  return { tally: reader.view(read).tally, agents: agents.map(({ agent, state }) => [agent, state] as const) }
}

describe('an agent', () => {
  it("has one vote, whatever another agent's session is called", () => {
    const task = new TestTask({ hotBytes: 0 })
    const lines = [report('site/x', 'good1', 'up'), report('site/x', 'good2', 'up')]
    for (let seq = 1; seq <= 4; seq++) lines.push(report('site/x', '¹ѡ', 'down', { session: 'Â¹Ñ¡', seq }))
    for (let i = 1; i <= lines.length; i++) {
      task.run(recordsOf(lines.slice(0, i)))
      task.restore()
    }
    expect(shown(task, 'site/x')).toEqual({
      tally: { down: 1, up: 2 },
      agents: [
        ['good1', 'up'],
        ['good2', 'up'],
        ['¹ѡ', 'down'],
      ],
    })
  })
})

describe('names that look alike', () => {
  const names = [...new Set(ALIKE.flat())]

  it('are separate agents', () => {
    const task = new TestTask({ hotBytes: 0, cut: () => true })
    // As many states as a tally shows.
    const stateOf = (i: number) => `s${i % LIMITS.talliedStates}`
    const lines = names.flatMap((name, i) => [
      report('o', name, stateOf(i)),
      report('o', name, stateOf(i), { session: name }),
    ])
    task.run(recordsOf(lines))
    task.restore()
    const { agents, tally } = shown(task, 'o')!
    expect(new Map(agents)).toEqual(new Map(names.map((name, i) => [name, stateOf(i)])))
    const counts: Record<string, number> = {}
    for (const i of names.keys()) counts[stateOf(i)] = (counts[stateOf(i)] ?? 0) + 1
    expect(tally).toEqual(counts)
  })

  it('are separate objects; policies match and agents count by the whole name', () => {
    const task = new TestTask({ hotBytes: 0, cut: () => true })
    const policies = names.map((match, i) => ({
      at: 1000,
      type: 'policy-set',
      data: { name: `p${i}`, match, electorate: [match, 'other'], allowDictator: true },
    }))
    const muted = { at: 1000, type: 'agent-set', data: { agent: 'e\u0301', muted: true } }
    const reports = names.flatMap((name, i) => [report(name, name, `s${i}`), report(name, 'stranger', 'x')])
    task.run(recordsOf([...policies, ...reports, muted]))
    task.restore()
    const reader = new ObjectReader()
    for (const [i, name] of names.entries()) {
      const view = reader.view(reader.read(task.tables, name)!)
      expect([view.object, view.policy]).toEqual([name, `p${i}`])
      expect(view.tally).toEqual(name === 'e\u0301' ? {} : { [`s${i}`]: 1 })
    }
    expect([...reader.list(task.tables, undefined)]).toHaveLength(names.length)
  })

  it('keep separate evidence and leave separately', () => {
    const chance = new Chance(3)
    for (let run = 0; run < 60; run++) {
      const task = new TestTask({ hotBytes: chance.oneIn(2) ? 0 : 1 << 20, cut: () => chance.oneIn(3) })
      const expected = new Map<string, Map<string, number>>()
      const lines: ScenarioLine[] = []
      for (let n = 0; n < 60; n++) {
        const [object, agent] = [randomName(chance), randomName(chance)]
        const known = expected.get(object) ?? expected.set(object, new Map()).get(object)!
        if (chance.oneIn(4)) {
          lines.push({ at: 1000, object, type: 'leave', data: { agent } })
          known.delete(agent)
        } else {
          lines.push(report(object, agent, 'up', { evidence: n }))
          known.set(agent, n)
        }
      }
      task.run(recordsOf(lines))
      if (chance.oneIn(2)) task.restore()
      const reader = new ObjectReader()
      for (const [object, agents] of expected) {
        const read = reader.read(task.tables, object)
        const seen = read === undefined ? [] : reader.explanation(task.tables, read).agents
        expect(new Map(seen.map(({ agent, evidence }) => [agent, evidence]))).toEqual(agents)
      }
    }
  })
})
