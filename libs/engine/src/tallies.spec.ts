import { encodeView, encodeWireView, LIMITS, type View } from '@quorate/contracts'
import { ObjectReader } from './objects/object-reader'
import { reasons, sinkEvents } from '../testing/sink'
import { parseOutput, simulate, toJsonLines, type OutputLine, type ScenarioLine } from '../testing/scenario'
import { eventsOf } from '../testing/case-file'
import { ReferenceModel } from '@quorate/vote/testing'
import { recordsOf, TestTask } from '../testing/test-task'

const report = (at: number, agent: string, state: string, more: object = {}): ScenarioLine => ({
  at,
  object: 'o',
  type: 'report',
  data: { agent, state, ...more },
})
/** An override, so that an event shows a tally that changed otherwise unnoticed. */
const override = (at: number): ScenarioLine => ({
  at,
  object: 'o',
  type: 'override-set',
  data: { state: 'held', expiresAt: at + 10_000 },
})
const inventing = (states: number): ScenarioLine[] =>
  Array.from({ length: states }, (_, i) => report(i, `a${i}`, `s${i}`))
const readOf = (task: TestTask, id = 'o') => {
  const reader = new ObjectReader()
  const read = reader.read(task.tables, id)!
  return {
    view: reader.view(read),
    explanation: reader.explanation(task.tables, read),
    history: reader.history(task.tables, read),
  }
}

describe('agents that invent states', () => {
  it.each([
    [63, undefined],
    [64, undefined],
    [65, { states: 1, weight: 1 }],
    [200, { states: 136, weight: 136 }],
  ])('%i of them: events, view, explanation, history and simulate agree, after a restore too', async (states, rest) => {
    const lines = [...inventing(states), override(1_000)]
    const task = new TestTask()
    task.run(recordsOf(lines))
    const events = sinkEvents(task.to('states'))
    const last = events.at(-1)!.data as unknown as View
    expect(Object.keys(last.tally)).toHaveLength(Math.min(states, LIMITS.talliedStates))
    expect(last.tallyRest).toEqual(rest)
    expect(last.participants).toBe(states)
    expect(encodeView(last).includes('"tallyRest"')).toBe(rest !== undefined)
    expect(encodeWireView(last)).toMatch(/"tally":\{[^}]*\}(,"tallyRest":\{[^}]*\})?,"participants"/)
    expect(events).toEqual(eventsOf(parseOutput((await simulate(toJsonLines(lines))).text)))
    const check = () => {
      const { view, explanation, history } = readOf(task)
      expect(view).toEqual(last)
      expect([explanation.tally.length, explanation.tallyRest]).toEqual([Math.min(states, 64), rest])
      expect([history[0]!.tally, history[0]!.tallyRest]).toEqual([explanation.tally, rest])
    }
    check()
    task.restore()
    check()
    // Older entries are in rows of their own.
    task.run(
      recordsOf([...lines, override(2_000), { at: 2_001, object: 'o', type: 'override-cleared', data: {} }]).slice(-2),
    )
    // The change by the override and the one by its end, each with the tally of its time.
    expect(
      readOf(task)
        .history.slice(0, 2)
        .map(({ tallyRest }) => tallyRest),
    ).toEqual([rest, rest])
  })

  it('do not change the decision: all states count', () => {
    const many = Array.from({ length: 100 }, (_, i) => report(i, `a${i}`, `s${i}`))
    const winner = Array.from({ length: 101 }, (_, i) => report(200 + i, `w${i}`, 'zz'))
    const lines = [...many, ...winner, override(400)]
    const task = new TestTask()
    task.run(recordsOf(lines))
    const { voted, tally, tallyRest } = sinkEvents(task.to('states')).at(-1)!.data as unknown as View
    expect([voted, tally.zz, tallyRest]).toEqual(['zz', 101, { states: 37, weight: 37 }])
    const model = new ReferenceModel()
    expect(sinkEvents(task.to('states'))).toEqual(eventsOf(model.run(lines) as OutputLine[]))
  })
})

describe('agents of one object', () => {
  const most = LIMITS.agentsPerObject
  const lines = (count: number): ScenarioLine[] =>
    Array.from({ length: count }, (_, i) => report(0, `a${i}`, i % 2 === 0 ? 'up' : 'down'))

  it('are at most 10,000: one more is refused, those known still count, one that leaves makes room', () => {
    const task = new TestTask()
    const all = [
      ...lines(most),
      report(1, 'more', 'up'),
      report(2, 'a1', 'up'),
      report(3, 'a3', 'up', { evidence: { seen: true } }),
      { at: 4, object: 'o', type: 'leave', data: { agent: 'a5' } } as ScenarioLine,
      report(5, 'more', 'up'),
      report(6, 'one-more', 'up'),
      { at: 7, object: 'other', type: 'report', data: { agent: 'one-more', state: 'up' } } as ScenarioLine,
    ]
    const records = recordsOf(all)
    task.run(records.slice(0, most - 1))
    expect(readOf(task).view.electorate).toBe(most - 1)
    task.run(records.slice(most - 1, most))
    expect(readOf(task).view.electorate).toBe(most)
    task.restore()
    task.run(records.slice(most))
    const said =
      '/agent: the limit of 10000 known agents of an object is reached: wait until one leaves or is forgotten'
    expect(reasons(task.to('dead-letters'))).toEqual([said, said])
    expect(readOf(task).view).toMatchObject({ electorate: most, tally: { up: most / 2 + 3, down: most / 2 - 3 } })
    expect(readOf(task, 'other').view.electorate).toBe(1)
  })
})

describe('the largest view', () => {
  it('is within its limit, with every text at its maximum and in its longest encoding', () => {
    const id = '"'.repeat(LIMITS.objectIdBytes)
    const name = '"'.repeat(LIMITS.nameBytes)
    const state = (i: number) => `${i}`.padEnd(LIMITS.stateBytes, '-')
    const count = Number.MAX_SAFE_INTEGER
    const view: View = {
      object: id,
      incarnation: count,
      version: count,
      revision: count,
      state: state(0),
      from: state(1),
      voted: state(2),
      since: count,
      decidedAt: count,
      cause: 'override-cleared',
      trigger: { type: 'override-cleared', agent: '"'.repeat(LIMITS.agentIdBytes), seq: count, offset: count },
      contested: false,
      stale: false,
      flapping: false,
      divergent: false,
      override: {
        state: state(3),
        reason: '\u0001'.repeat(LIMITS.reasonCharacters),
        author: '\u0001'.repeat(LIMITS.authorCharacters),
        expiresAt: count,
        mode: 'until-agree',
      },
      tally: Object.fromEntries(Array.from({ length: LIMITS.talliedStates }, (_, i) => [state(i), count])),
      tallyRest: { states: count, weight: count },
      participants: count,
      electorate: count,
      quorum: count,
      rule: name,
      policy: name,
      incident: `${count}@${count}`,
    }
    expect(Buffer.byteLength(encodeView(view))).toBeLessThan(LIMITS.viewBytes)
  })
})
