import { decodeObject, encodeObject } from './objects/object-codec'
import { ObjectReader } from './objects/object-reader'
import type { ScenarioLine } from '../testing/scenario'
import { TABLE } from './tables'
import { recordsOf, TestTask } from '../testing/test-task'

const policy = (at: number, history: number): ScenarioLine => ({
  at,
  type: 'policy-set',
  data: { name: 'p', match: '**', history },
})
const change = (at: number): ScenarioLine => ({
  at,
  object: 'o',
  type: 'report',
  data: { agent: 'a', state: (at / 1000) % 2 ? 'down' : 'up' },
})
const changes = (from: number, to: number): ScenarioLine[] =>
  Array.from({ length: to - from }, (_, i) => change((from + i) * 1000))

class Steps {
  readonly task = new TestTask()
  readonly #lines: ScenarioLine[] = []

  apply(...lines: ScenarioLine[]): this {
    this.#lines.push(...lines)
    this.task.run(recordsOf(this.#lines))
    return this
  }

  /** The versions stored in rows of their own, in the changelog. */
  get rows(): number[] {
    const keys = [...this.task.changelog.keys()].filter((key) => key.startsWith('history/'))
    return keys.map((key) => parseInt(key.split('\0')[1]!, 36))
  }

  get shown(): number[] {
    const reader = new ObjectReader()
    const read = reader.read(this.task.tables, 'o')!
    return reader.history(this.task.tables, read).map(({ version }) => version)
  }
}

describe.each([0, 1, 2, 5])('a policy that now keeps %i changes', (history) => {
  it('deletes the others at once, whether it kept more before or not', () => {
    const steps = new Steps().apply(policy(0, 20), ...changes(0, 12))
    expect(steps.rows).toHaveLength(11)
    steps.apply(policy(12_000, history))
    expect(steps.rows).toHaveLength(Math.max(0, history - 1))
    expect(steps.shown).toEqual([12, 11, 10, 9, 8].slice(0, history))
    steps.apply(...changes(12, 15))
    expect(steps.rows).toHaveLength(Math.max(0, history - 1))
    expect(steps.shown).toEqual([15, 14, 13, 12, 11].slice(0, history))
  })

  it('leaves nothing of a deleted object', () => {
    const steps = new Steps().apply(policy(0, 20), ...changes(0, 12), policy(12_000, history), ...changes(12, 40))
    steps.apply({ at: 40_000, object: 'o', type: 'object-deleted', data: {} })
    expect([...steps.task.changelog.keys()].sort()).toEqual(['settings/clock', 'settings/policies/p'])
    steps.apply(policy(41_000, 20), ...changes(42, 45))
    expect(steps.shown).toEqual([3, 2, 1])
  })

  it('writes no tombstone for a change that had no row', () => {
    const steps = new Steps().apply(policy(0, history), ...changes(0, 12))
    const { task } = steps
    const before = new Set(task.changelog.keys())
    const lines = [policy(0, history), ...changes(0, 13)]
    task.processor.process({ records: recordsOf(lines).slice(13), next: 14, end: 14 }, task.context)
    task.processor.flush(task.context)
    const gone = [...task.store.changes()].filter(({ value }) => value === null).map(({ key }) => key)
    expect(gone.filter((key) => !before.has(key))).toEqual([])
  })
})

describe('a change by an operator', () => {
  const lines: ScenarioLine[] = [
    { at: 0, object: 'o', type: 'report', data: { agent: 'a', state: 'up' } },
    { at: 1, object: 'o', type: 'override-set', data: { state: 'down', author: 'jane', reason: 'works' } },
    { at: 2, object: 'o', type: 'override-cleared', data: { author: 'joe' } },
    { at: 3, object: 'o', type: 'override-set', data: { state: 'down', reason: 'größe' } },
    { at: 4, object: 'o', type: 'override-cleared', data: {} },
  ]
  const said = (task: TestTask) => {
    const reader = new ObjectReader()
    const entries = reader.history(task.tables, reader.read(task.tables, 'o')!)
    return entries.map(({ cause, author, reason }) => [cause, author, reason])
  }
  const ALL = [
    ['override-cleared', null, null],
    ['override', null, 'größe'],
    ['override-cleared', 'joe', null],
    ['override', 'jane', 'works'],
    ['vote', undefined, undefined],
  ]

  it('has author and reason, while it is the newest and later', () => {
    const steps = new Steps()
    for (const [i, line] of lines.entries()) expect(said(steps.apply(line).task)).toEqual(ALL.slice(ALL.length - 1 - i))
    // The newest change is kept while later records change nothing effective.
    steps.apply({ at: 5, object: 'o', type: 'override-set', data: { state: 'up', author: 'jim', reason: 'same' } })
    expect(said(steps.task)).toEqual(ALL)
  })

  it('of an earlier release is read without them', () => {
    const { task } = new Steps().apply(...lines.slice(0, 2))
    const reader = new ObjectReader()
    const object = decodeObject('o', task.tables(TABLE.object).get('o')!, 0, reader.settings(task.tables))
    const { author: _author, reason: _reason, ...change } = object.past!.change!
    object.past = { cause: 'override', trigger: object.past!.trigger, change }
    object.headChanged = true
    const old = decodeObject('o', encodeObject(object), 0, reader.settings(task.tables))
    expect([old.past!.change, old.rows.length]).toEqual([change, 1])
  })
})
