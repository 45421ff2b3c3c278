import { partitionOf, type LogRecord } from '@quorate/log'
import { ObjectReader } from './objects/object-reader'
import { simulate, parseOutput, toJsonLines, type ScenarioLine } from '../testing/scenario'
import { randomScenario } from '@quorate/vote/testing'
import { reasons, sinkEvents } from '../testing/sink'
import { recordsOf, TestTask } from '../testing/test-task'
import { eventsOf } from '../testing/case-file'

const report = (at: number, agent: string, data: object = {}, object = 'o'): ScenarioLine => ({
  at,
  object,
  type: 'report',
  data: { agent, state: 'up', ...data },
})
const tick = (at: number): ScenarioLine => ({ at, type: 'tick' })
const raw = (
  offset: number,
  key: string | Buffer | null,
  value: string | Buffer | null,
  headers: [string, string][] = [],
): LogRecord => ({
  offset,
  timestamp: 1000,
  key: key === null ? null : Buffer.from(key as string),
  value: value === null ? null : Buffer.from(value as string),
  headers: headers.map(([name, text]) => [name, Buffer.from(text)] as const),
})

describe('routing', () => {
  const id = Array.from({ length: 50 }, (_, i) => `o${i}`).find((name) => partitionOf(name, 4) === 3)!

  it('appends a record in the wrong partition again to the right one, without other effects', () => {
    const task = new TestTask({ partition: 1, partitions: 4 })
    task.run([raw(7, id, '{"agent":"a","state":"up"}', [['traceparent', 'x']])])
    expect(task.to('reports')).toEqual([
      {
        output: 'reports',
        partition: 3,
        key: Buffer.from(id),
        value: Buffer.from('{"agent":"a","state":"up"}'),
        headers: [
          ['traceparent', Buffer.from('x')],
          ['quorate-rerouted-from', Buffer.from('1@7')],
        ],
      },
    ])
    expect(task.to('states')).toEqual([])
    expect(task.processor.counters.rerouted).toBe(1)
  })

  it('is checked before decoding: invalid records are re-routed too', () => {
    const task = new TestTask({ partition: 1, partitions: 4 })
    task.run([raw(0, id, '{', [])])
    expect(task.to('reports')).toHaveLength(1)
    expect(task.to('dead-letters')).toEqual([])
  })

  it('leaves records without a key where they are', () => {
    const task = new TestTask({ partition: 1, partitions: 4 })
    task.run([raw(0, null, null, [['ce_type', 'tick']]), raw(1, null, '{"type":"agent-set","agent":"a","weight":2}')])
    expect(task.sent).toEqual([])
    expect(task.processor.counters.ticks).toBe(1)
  })

  it('makes one dead letter of a batch that cannot be read, with what is missing', () => {
    const task = new TestTask({ partition: 1, partitions: 4 })
    const damaged = {
      first: 7,
      last: 9,
      codec: 'zstd',
      bytes: 9000,
      count: 3,
      transactional: false,
      reason: 'it inflates to more than 134217728 bytes',
    }
    task.run([{ ...raw(7, null, null), damaged }, raw(10, null, null, [['ce_type', 'tick']])])
    expect(reasons(task.to('dead-letters'))).toEqual([
      'offsets 7 to 9 of a batch cannot be read: it inflates to more than 134217728 bytes (compression zstd, ' +
        '9000 bytes in the log, 3 records by its header)',
    ])
    expect(task.processor.counters).toMatchObject({ ticks: 1, deadLetters: { damaged: 1, contract: 0 } })
  })

  it('lets a misplaced record advance stream time', () => {
    const task = new TestTask({ partition: 1, partitions: 4 })
    const here = Array.from({ length: 50 }, (_, i) => `o${i}`).find((name) => partitionOf(name, 4) === 1)!
    const first = recordsOf([report(0, 'a', {}, here)])
    task.run([...first, { ...raw(1, id, '{'), timestamp: 60_000 }])
    expect(sinkEvents(task.to('states')).map(({ type, time }) => [type, time])).toEqual([
      ['object.changed', 0],
      ['object.updated', 60_000],
    ])
  })
})

describe('dead letters', () => {
  it('keep key, value and headers unchanged and contain origin and reason', () => {
    const task = new TestTask()
    task.run([raw(3, 'o', Buffer.from([0xff]), [['a', 'b']])])
    expect(task.to('dead-letters')).toEqual([
      {
        output: 'dead-letters',
        key: Buffer.from('o'),
        value: Buffer.from([0xff]),
        headers: [
          ['a', Buffer.from('b')],
          ['quorate-topic', 'quorate.reports'],
          ['quorate-partition', '0'],
          ['quorate-offset', '3'],
          ['quorate-reason', 'the value is not UTF-8'],
        ],
      },
    ])
  })

  it('are records that cannot be decoded or violate the contract, and the next valid record counts', () => {
    const task = new TestTask({ partition: 1, partitions: 4 })
    const key = Array.from({ length: 50 }, (_, i) => `o${i}`).find((name) => partitionOf(name, 4) === 1)!
    task.run([
      raw(0, key, '{'),
      raw(1, key, null),
      raw(2, key, '{"state":"up"}'),
      raw(3, null, '{"agent":"a","state":"up"}'),
      raw(4, Buffer.from([0xff]), '{"agent":"a","state":"up"}'),
      raw(5, '', '{"agent":"a","state":"up"}'),
      raw(6, key, Buffer.alloc(1_000_000, 0x78)),
      raw(7, key, '{"agent":"a","state":"up"}', [['ce_type', 'vote']]),
      raw(8, key, '{"agent":"a","state":"up"}'),
    ])
    expect(reasons(task.to('dead-letters'))).toEqual([
      'the value is not JSON',
      'the value is missing',
      '/agent: missing',
      'a report needs a key: the object id',
      'the key is not an object id: 1–512 bytes of UTF-8 without control characters',
      'the key is not an object id: 1–512 bytes of UTF-8 without control characters',
      'the value is not JSON',
      'unknown kind "vote"',
    ])
    expect(task.to('reports')).toEqual([])
    expect(sinkEvents(task.to('states'))).toHaveLength(1)
    expect(task.processor.counters.deadLetters).toEqual({
      key: 2,
      contract: 6,
      policy: 0,
      damaged: 0,
      failed: 0,
      size: 0,
      skipped: 0,
    })
  })
})

describe('waking', () => {
  it('is due at the earliest deadline', () => {
    const task = new TestTask()
    task.run(recordsOf([report(0, 'a'), report(5000, 'b', {}, 'p')]))
    expect(task.nextDue()).toBe(60_000)
  })

  it('is not due before a report that was refreshed expires', () => {
    const task = new TestTask()
    const records = recordsOf([report(0, 'a'), report(30_000, 'a'), report(50_000, 'a')])
    task.run(records.slice(0, 1))
    const before = task.changelog.size
    task.run(records)
    expect(task.store.table('object').dueOf('o')).toBe(60_000)
    expect(task.nextDue()).toBe(110_000)
    expect(task.store.table('object').dueOf('o')).toBe(110_000)
    expect(task.changelog.size).toBe(before)
  })

  it('appends a tick to its own partition', () => {
    const task = new TestTask({ partition: 2, partitions: 4 })
    task.processor.punctuate(0, task.context)
    expect(task.context.forwarded).toEqual([
      { output: 'reports', partition: 2, key: null, value: null, headers: [['ce_type', 'tick']] },
    ])
  })

  it('has no due time if there are no objects', () => {
    expect(new TestTask().nextDue()).toBeUndefined()
  })

  it('restores its due times in a new store', () => {
    const task = new TestTask()
    task.run(
      recordsOf([
        report(0, 'a'),
        { at: 0, object: 'o', type: 'override-set', data: { state: 'down', expiresAt: 7000 } },
      ]),
    )
    task.restore()
    expect(task.nextDue()).toBe(7000)
  })
})

describe('objects of many agents', () => {
  const agents = Array.from({ length: 500 }, (_, i) => `agent-${i}`)
  const first = agents.map((agent) => report(0, agent, { ttl: 30_000 }))

  it('rewrite one page for a report', () => {
    const task = new TestTask()
    const records = recordsOf([...first, report(10_000, 'agent-400')])
    task.run(records.slice(0, 500))
    const before = new Map(task.changelog)
    task.run(records)
    const written = [...task.changelog].filter(([key, value]) => before.get(key) !== value).map(([key]) => key)
    expect(written.sort()).toEqual(['agents/o\u000012', 'settings/clock'])
    expect(Math.max(...[...task.changelog.values()].map((value) => value.length))).toBeLessThan(2048)
  })

  it('are read unchanged from the store after rows were removed from every page', () => {
    const lines = [
      ...first,
      ...agents
        .filter((_, i) => i % 3 === 0)
        .map((agent) => ({ at: 10_000, object: 'o', type: 'leave', data: { agent } })),
      ...agents
        .filter((_, i) => i % 5 === 0)
        .map((agent) => report(20_000, agent, { state: 'down', seq: 3, session: 's' })),
      tick(31_000),
    ]
    const warm = new TestTask()
    warm.run(recordsOf(lines))
    const cold = new TestTask({ hotBytes: 0, cut: () => true })
    cold.run(recordsOf(lines))
    cold.restore()
    const reader = new ObjectReader()
    const explained = (task: TestTask) => reader.explanation(task.tables, reader.read(task.tables, 'o')!)
    expect(explained(cold)).toEqual(explained(warm))
    expect(explained(warm).agents).toHaveLength(333 + 34)
    expect(sinkEvents(cold.to('states'))).toEqual(sinkEvents(warm.to('states')))
    expect([...cold.changelog.keys()].sort()).toEqual([...warm.changelog.keys()].sort())
  })

  it('leave no rows behind', () => {
    const task = new TestTask()
    const evidence = { rtt: [1, 2] }
    const lines = [
      ...agents.map((agent) => report(0, agent, { evidence })),
      ...agents.map((agent) => report(1000, agent, { state: 'down', evidence })),
      { at: 2000, object: 'o', type: 'object-deleted', data: {} },
    ]
    task.run(recordsOf(lines.slice(0, 1000)))
    expect([...task.changelog.keys()].filter((key) => key.startsWith('evidence/'))).toHaveLength(500)
    expect([...task.changelog.keys()].filter((key) => key.startsWith('history/'))).toHaveLength(1)
    task.run(recordsOf(lines))
    expect([...task.changelog.keys()]).toEqual(['settings/clock'])
    expect(task.nextDue()).toBeUndefined()
  })
})

describe('evidence and history', () => {
  it('are returned by the reader, with the evidence of the latest report only', () => {
    const task = new TestTask()
    const reader = new ObjectReader()
    task.run(recordsOf([report(0, 'a', { evidence: { n: 1 } }), report(0, 'b', { evidence: 'x' }), report(1000, 'b')]))
    const { agents } = reader.explanation(task.tables, reader.read(task.tables, 'o')!)
    expect(agents.map(({ agent, evidence }) => [agent, evidence])).toEqual([
      ['a', { n: 1 }],
      ['b', null],
    ])
  })

  it('keep as many changes as the policy allows, newest first', () => {
    const task = new TestTask()
    const reader = new ObjectReader()
    const flips = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, i) =>
        report((from + i) * 1000, 'a', { state: (from + i) % 2 ? 'down' : 'up' }),
      )
    const policy = (history: number): ScenarioLine => ({
      at: 0,
      type: 'policy-set',
      data: { name: 'p', match: '**', history },
    })
    const lines = [
      policy(3),
      ...flips(0, 9),
      policy(2),
      ...flips(9, 11),
      policy(0),
      ...flips(11, 13),
      policy(5),
      ...flips(13, 16),
    ]
    const versions = (upTo: number) => {
      task.run(recordsOf(lines).slice(0, upTo))
      return reader.history(task.tables, reader.read(task.tables, 'o')!).map(({ version }) => version)
    }
    expect(versions(10)).toEqual([9, 8, 7])
    expect(versions(13)).toEqual([11, 10])
    expect(versions(16)).toEqual([])
    expect(versions(20)).toEqual([16, 15, 14, 13])
    const [newest] = reader.history(task.tables, reader.read(task.tables, 'o')!)
    expect(newest).toMatchObject({
      state: 'down',
      from: 'up',
      at: 15_000,
      cause: 'vote',
      tally: [['down', 1]],
      participants: 1,
    })
  })

  it('do not depend on where the log is cut', () => {
    const history = (task: TestTask) => {
      const reader = new ObjectReader()
      return [...reader.list(task.tables, undefined)].map((read) => [
        reader.history(task.tables, read),
        reader.explanation(task.tables, read),
      ])
    }
    for (let seed = 1; seed <= 150; seed++) {
      const records = recordsOf(randomScenario(seed))
      const whole = new TestTask()
      whole.run(records)
      const cut = new TestTask({ cut: () => true, hotBytes: 0 })
      for (let i = 1; i <= records.length; i++) cut.run(records.slice(0, i))
      cut.restore()
      expect(history(cut)).toEqual(history(whole))
    }
  })
})

it('replays to the same bytes as simulate, however it is cut, crashed and restored', async () => {
  let turn = 0
  for (let seed = 1; seed <= 300; seed++) {
    const lines = randomScenario(seed * 7, { crowd: seed % 30 === 0 })
    const { text } = await simulate(toJsonLines(lines))
    const task = new TestTask({ cut: () => turn++ % 3 === 0, crash: () => turn++ % 5 === 0, wipe: seed % 2 === 0 })
    task.run(recordsOf(lines))
    expect(sinkEvents(task.to('states'))).toEqual(eventsOf(parseOutput(text)))
  }
}, 120_000)
