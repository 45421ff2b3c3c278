import { ObjectReader } from './objects/object-reader'
import { RuleFaults } from './rule-faults'
import { CASE_RULES, NONSENSE_STATES } from '@quorate/vote/testing'
import { parseOutput, simulate, toJsonLines, type ScenarioLine } from '../testing/scenario'
import { recordsOf, TestTask } from '../testing/test-task'
import type { Rules } from '@quorate/vote'

const policy = (method: string, more: object = {}): ScenarioLine => ({
  at: 0,
  type: 'policy-set',
  data: { name: 'p', match: 'r/**', method, ttl: 6000, memory: 6000, ...more },
})
const report = (at: number, agent: string, state: string, object = 'r/1'): ScenarioLine => ({
  at,
  object,
  type: 'report',
  data: { agent, state },
})

/** A task that can lose its rules and get them back, like a process that is restarted without them. */
class Restarted {
  readonly rules = new Map(CASE_RULES)
  readonly faults: RuleFaults
  readonly task: TestTask
  readonly #input: ScenarioLine[] = []

  constructor() {
    this.faults = new RuleFaults()
    this.task = new TestTask({ rules: this.rules, ruleFaults: this.faults })
  }

  take(...lines: ScenarioLine[]): void {
    this.#input.push(...lines)
    this.task.run(recordsOf(this.#input))
  }

  restart(rules: Rules): void {
    this.rules.clear()
    for (const [name, rule] of rules) this.rules.set(name, rule)
    this.task.restore()
  }

  conditions(): string[] {
    return this.task.context.raised.all().map(({ code, subject }) => `${code} ${subject}`)
  }

  view(id = 'r/1') {
    const reader = new ObjectReader(this.rules)
    const read = reader.read(this.task.tables, id)!
    return { ...reader.view(read), explained: reader.explanation(this.task.tables, read) }
  }
}

const NONE: Rules = new Map()

describe('a rule that is no longer registered', () => {
  it('holds the last state from the next report on, and stops nothing else', () => {
    const it = new Restarted()
    it.take(policy('moody'), report(1, 'a', 'up'), report(2, 'plain', 'up', 'other'))
    it.restart(NONE)
    expect(it.view().explained).toMatchObject({
      winner: null,
      margin: null,
      ruleFault: { reason: 'rule-not-registered', method: 'moody', since: null },
    })
    // The same report again: it would not be evaluated if the rule was registered.
    it.take(report(10, 'a', 'up'), report(11, 'b', 'down'), report(12, 'plain', 'down', 'other'))
    expect(it.view()).toMatchObject({
      state: 'up',
      stale: true,
      contested: false,
      rule: null,
      tally: { down: 1, up: 1 },
    })
    expect(it.view().explained).toMatchObject({
      next: 'rule-asked-again',
      nextDeadline: 60_000,
      ruleFault: { reason: 'rule-not-registered', since: 10, detail: expect.stringContaining('not registered') },
    })
    expect(it.view('other')).toMatchObject({ state: 'down', stale: false })
    expect(it.faults.list()).toMatchObject([
      { partition: 0, policy: 'p', method: 'moody', reason: 'rule-not-registered', objects: 1 },
    ])
    expect(it.conditions()).toEqual(['rule-not-registered p'])
    expect(it.task.to('dead-letters')).toEqual([])
  })

  it('decides again once it is registered: at the next report, or at the next full minute', () => {
    const it = new Restarted()
    it.take(policy('moody'), report(1, 'a', 'up'), report(1, 'a', 'up', 'r/2'))
    it.restart(NONE)
    it.take(report(10, 'a', 'up'), report(10, 'a', 'up', 'r/2'))
    it.take(report(11, 'b', 'down', 'r/2'), report(12, 'a', 'down', 'r/2'))
    it.restart(CASE_RULES)
    it.take(report(20, 'a', 'up'))
    expect(it.faults.list()).toEqual([])
    expect(it.view()).toMatchObject({ state: 'up', stale: false, rule: 'moody' })
    expect(it.view('r/2')).toMatchObject({ state: 'up', stale: true })
    expect(it.task.nextDue()).toBe(60_000)
    it.take({ at: 60_000, type: 'tick' })
    expect(it.view('r/2')).toMatchObject({ state: 'down', stale: false, since: 60_000 })
  })

  it('can be replaced and deleted through the log meanwhile', () => {
    const it = new Restarted()
    it.take(policy('moody'), report(1, 'a', 'up'))
    it.restart(NONE)
    it.take(report(10, 'a', 'up'), { at: 11, type: 'policy-deleted', data: { name: 'p' } })
    expect(it.view()).toMatchObject({ state: 'up', stale: false, rule: 'majority', policy: 'default' })
    expect(it.faults.list()).toEqual([])
    expect(it.conditions()).toEqual([])
  })

  it('leaves the policy in force if it is appended again, and refuses it as a new one', () => {
    const it = new Restarted()
    it.take(policy('moody'), report(1, 'a', 'up'))
    it.restart(NONE)
    const again = recordsOf([policy('moody')])[0]!
    const headers = [...again.headers, ['quorate-reappended', Buffer.from('1')] as const]
    it.task.run([{ ...again, offset: 2, timestamp: 5, headers }])
    expect(it.task.to('dead-letters')).toEqual([])
    it.task.run([{ ...again, offset: 3, timestamp: 6 }])
    expect(it.task.to('dead-letters')).toHaveLength(1)
    expect(new ObjectReader(NONE).settings(it.task.tables).policy('p')).toMatchObject({ method: 'moody' })
  })
})

describe('a rule that returns an invalid result', () => {
  it.each(NONSENSE_STATES)('holds the last state: %s', async (state) => {
    const lines = [
      policy('nonsense'),
      report(1, 'a', 'up'),
      report(2, 'a', state),
      { ...report(3, 'a', ''), type: 'look' },
    ]
    const { text, code } = await simulate(toJsonLines(lines), { rules: CASE_RULES })
    expect(code).toBe(0)
    const looks = parseOutput(text).flatMap((line) => ('look' in line ? [line.look] : []))
    expect(looks).toMatchObject([{ state: 'up', stale: true, rule: null }])
  })
})

describe('a rule that throws', () => {
  it('is reported with the error, counts the objects it holds, and recovers with the last of them', () => {
    const it = new Restarted()
    it.take(policy('moody'), report(1, 'a', 'up'), report(1, 'a', 'up', 'r/2'), report(2, 'a', 'boom'))
    it.take(report(3, 'a', 'boom', 'r/2'))
    expect(it.faults.list()).toMatchObject([
      { reason: 'rule-failed', objects: 2, detail: expect.stringContaining('TypeError: Cannot read properties') },
    ])
    it.take({ at: 4, object: 'r/2', type: 'object-deleted', data: null }, report(5, 'a', 'up'))
    expect(it.faults.list()).toEqual([])
    expect(it.conditions()).toEqual([])
    it.take(report(6, 'a', 'boom'))
    expect(it.conditions()).toEqual(['rule-failed p'])
  })

  it('says nothing about observers: held objects do not trigger the mass guard', async () => {
    const ids = Array.from({ length: 40 }, (_, i) => `r/${i}`)
    const lines = [
      policy('moody'),
      ...ids.map((id) => report(0, 'a', 'up', id)),
      ...ids.map((id) => report(1, 'a', 'boom', id)),
      report(2, 'a', 'up', 'lonely'),
      { at: 200_000, type: 'tick' },
    ]
    const { text } = await simulate(toJsonLines(lines), { rules: CASE_RULES })
    const events = parseOutput(text).flatMap((line) => ('event' in line ? [line.event] : []))
    expect(events.filter(({ type }) => type === 'observers.lost')).toEqual([])
    expect(events.at(-1)).toMatchObject({ subject: 'lonely', data: { state: 'unknown', cause: 'quorum-lost' } })
  })
})
