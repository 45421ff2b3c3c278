import { LIMITS, messageBytesOf } from '@quorate/contracts'
import { partitionOf, type LogRecord } from '@quorate/log'
import { MAX_ROW_BYTES } from '@quorate/streams'
import { reasons, sinkEvents } from '../testing/sink'
import { TestTask, type Sent } from '../testing/test-task'

/** A record of the source, as any producer may write it. */
const raw = (
  offset: number,
  key: string | Buffer | null,
  value: string | Buffer | null,
  headers: [string, string][] = [],
): LogRecord => ({
  offset,
  timestamp: 1000 + offset,
  key: key === null ? null : Buffer.from(key as string),
  value: value === null ? null : Buffer.from(value as string),
  headers: headers.map(([name, text]) => [name, Buffer.from(text)] as const),
})

const good = (offset: number, key = 'o') => raw(offset, key, '{"agent":"a","state":"up"}')
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
const LARGEST: Readonly<Record<string, number>> = {
  reports: LIMITS.messageBytes,
  states: LIMITS.messageBytes,
  'dead-letters': LIMITS.deadLetterMessageBytes,
}

/** Everything sent fits its topic, and each row its limits: otherwise the commit would fail forever. */
function expectFits(task: TestTask): void {
  const sizes = (sent: Sent) => `${sent.output} ${messageBytesOf(sent) <= LARGEST[sent.output]!}`
  expect(new Set(task.sent.map(sizes).filter((text) => text.endsWith('false')))).toEqual(new Set())
  for (const [key, value] of task.changelog) {
    expect(value.length).toBeLessThanOrEqual(LIMITS.rowBytes)
    expect(Buffer.byteLength(key)).toBeLessThanOrEqual(LIMITS.rowKeyBytes)
  }
}

const policy = (bytes: number) =>
  JSON.stringify({
    type: 'policy-set',
    name: 'p',
    match: '**',
    electorate: Array.from({ length: Math.ceil(bytes / 203) }, (_, i) => `${i}`.padStart(200, '-')),
  })

describe('limits', () => {
  it('of rows are those of the commit', () => {
    expect(LIMITS.rowBytes).toBe(MAX_ROW_BYTES)
  })

  it('leave room for their envelopes: the pending policy of a broadcast, a snapshot, a changelog record', () => {
    const pending = { offset: 2 ** 53, before: { p: 'x'.repeat(LIMITS.policyBytes) }, after: '"'.repeat(512) }
    expect(JSON.stringify(pending).length).toBeLessThan(LIMITS.rowBytes)
    const row = ['settings', 'k'.repeat(LIMITS.rowKeyBytes), Buffer.alloc(LIMITS.rowBytes).toString('base64')]
    expect(
      messageBytesOf({ key: null, value: JSON.stringify({ rows: [row] }), headers: [['ce_type', 'snapshot']] }),
    ).toBeLessThan(LIMITS.messageBytes)
    expect(
      messageBytesOf({ key: Buffer.alloc(LIMITS.rowKeyBytes), value: Buffer.alloc(LIMITS.rowBytes) }),
    ).toBeLessThan(LIMITS.messageBytes)
  })
})

describe('a record that exceeds its limit', () => {
  const cases: [string, (offset: number) => LogRecord, RegExp][] = [
    [
      'evidence nested 30,000 deep',
      (at) => raw(at, 'o', `{"agent":"a","state":"down","evidence":${nested(30_000)}}`),
      /^\/evidence: must be nested/,
    ],
    ['a whole value nested 300,000 deep', (at) => raw(at, 'o', nested(300_000)), /not a JSON object/],
    [
      'an agent nested 30,000 deep',
      (at) => raw(at, 'o', `{"agent":${nested(30_000)},"state":"up"}`),
      /^\/agent: must be/,
    ],
    ['a type nested 30,000 deep', (at) => raw(at, 'o', `{"type":${nested(30_000)}}`), /^\/type: must be a string/],
    [
      'a policy nested 30,000 deep',
      (at) => raw(at, null, `{"type":"policy-set","name":"p","match":"**","groups":${nested(30_000)}}`),
      /^\/groups: must be/,
    ],
    [
      'an electorate of 25,000',
      (at) =>
        raw(
          at,
          null,
          JSON.stringify({
            name: 'p',
            match: '**',
            electorate: Array.from({ length: 25_000 }, (_, i) => `agent-with-a-long-name-${i}`),
          }),
          [['ce_type', 'policy-set']],
        ),
      /^\/electorate: must be a list of at most 10000/,
    ],
    ['a policy of 400 KiB', (at) => raw(at, null, policy(400 * 1024)), /^: must be at most 393216 bytes of JSON/],
    [
      'a policy with 10,000 faults',
      (at) =>
        raw(
          at,
          null,
          JSON.stringify({
            type: 'policy-set',
            ...Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`field-${i}`.repeat(10), 1])),
          }),
        ),
      /…$/,
    ],
    [
      'settings of an agent with a name of 1 MB',
      (at) => raw(at, null, `{"type":"agent-set","agent":"${'a'.repeat(1_000_000)}"}`),
      /^\/agent: must be 1–256 bytes/,
    ],
    [
      'a reason of 900 kB',
      (at) => raw(at, 'o', `{"type":"override-set","state":"up","reason":"${'r'.repeat(900_000)}"}`),
      /^\/reason: must be text of at most 4096/,
    ],
    [
      'an author of 900 kB',
      (at) => raw(at, 'o', `{"type":"override-set","state":"up","author":"${'r'.repeat(900_000)}"}`),
      /^\/author: must be text of at most 1024/,
    ],
    [
      'a kind of 500 kB in the header',
      (at) => raw(at, 'o', '{"agent":"a","state":"up"}', [['ce_type', 'v'.repeat(500_000)]]),
      /^unknown kind "vvvv.*…$/,
    ],
    [
      'a kind of 500 kB without a value',
      (at) => raw(at, 'o', null, [['ce_type', 'v'.repeat(500_000)]]),
      /^unknown kind "vvvv.*…$/,
    ],
    [
      'kinds of 250 kB that differ',
      (at) => raw(at, 'o', `{"type":"${'w'.repeat(250_000)}"}`, [['ce_type', 'v'.repeat(250_000)]]),
      /^the header ce_type says "vvv.*…$/,
    ],
    [
      'an unknown field with a name of 1 MB',
      (at) => raw(at, 'o', `{"agent":"a","state":"up","${'n'.repeat(1_000_000)}":1}`),
      /^\/nnn.*…$/,
    ],
    [
      'a key of 900 kB',
      (at) => raw(at, Buffer.alloc(900_000, 107), '{"agent":"a","state":"up"}'),
      /^the key is not an object id/,
    ],
    [
      '2,000 headers and rubbish',
      (at) =>
        raw(
          at,
          'o',
          '{',
          Array.from({ length: 2_000 }, (_, i) => [`h${i}`, 'x'.repeat(400)]),
        ),
      /^the value is not JSON/,
    ],
    ['a value of 2 MB, inflated', (at) => raw(at, 'o', Buffer.alloc(2_000_000, 0x78)), /^the value is not JSON/],
  ]

  it.each(cases)('%s is a dead letter that fits, and the next valid record counts', (_what, record, reason) => {
    const task = new TestTask()
    task.run([record(0), good(1)])
    expect(reasons(task.to('dead-letters'))).toEqual([expect.stringMatching(reason)])
    expect(sinkEvents(task.to('states')).map(({ data }) => data!.state)).toEqual(['up'])
    expectFits(task)
  })

  it('in the wrong partition is a dead letter if it cannot be appended again', () => {
    const id = Array.from({ length: 50 }, (_, i) => `o${i}`).find((name) => partitionOf(name, 4) === 3)!
    const here = Array.from({ length: 50 }, (_, i) => `o${i}`).find((name) => partitionOf(name, 4) === 1)!
    const task = new TestTask({ partition: 1, partitions: 4 })
    // The largest that an uncompressed batch may be: with the header of its origin it is too large.
    const filling = raw(1, id, Buffer.alloc(LIMITS.messageBytes - 75, 0x78))
    const fitting = raw(2, id, Buffer.alloc(LIMITS.messageBytes - 300, 0x78))
    task.run([raw(0, id, Buffer.alloc(2_000_000, 0x78)), filling, fitting, good(3, here)])
    expect(reasons(task.to('dead-letters'))).toEqual([
      expect.stringMatching(
        /^it belongs to partition 3 and cannot be appended there: it takes 20\d\d\d\d\d bytes uncompressed/,
      ),
      expect.stringMatching(/^it belongs to partition 3/),
    ])
    expect(task.to('reports')).toHaveLength(1)
    expect(task.processor.counters.deadLetters.size).toBe(2)
    expect(sinkEvents(task.to('states'))).toHaveLength(1)
    expectFits(task)
  })

  it('in the header of a request is ignored', () => {
    const task = new TestTask()
    const header = (key: string): [string, string][] => [['quorate-request', `${'f'.repeat(22)}:${key}`]]
    const report = (offset: number, agent: string, key: string) =>
      raw(offset, 'o', `{"agent":"${agent}","state":"up"}`, header(key))
    const most = 'k'.repeat(LIMITS.requestKeyBytes)
    task.run([report(0, 'a', most), report(1, 'b', most), report(2, 'c', `${most}k`), report(3, 'd', `${most}k`)])
    task.run([
      report(4, 'e', 'k'.repeat(700_000)),
      raw(5, 'o', '{"agent":"f","state":"up"}', [['quorate-request', `${'f'.repeat(700_000)}:k`]]),
    ])
    // The second repeats the first; no other does.
    expect(task.processor.counters.repeats).toBe(1)
    expect(task.processor.counters.reports.applied).toBe(5)
    expectFits(task)
  })
})

describe('the largest policy', () => {
  it('is stored, replaced and deleted, even if its sweep is cut at every object', () => {
    const task = new TestTask({ cut: () => true })
    const largest = policy(LIMITS.policyBytes - 700)
    task.run([
      good(0),
      good(1, '"'.repeat(512)),
      raw(2, null, largest),
      raw(3, null, policy(100_000)),
      raw(4, null, largest),
      raw(5, null, '{"type":"policy-deleted","name":"p"}'),
      good(6, 'q'),
    ])
    expect(reasons(task.to('dead-letters'))).toEqual([])
    expectFits(task)
  })
})

describe('one more', () => {
  it('policy above the limit is refused; existing ones can be changed, and deleting one makes room', () => {
    const task = new TestTask()
    const set = (offset: number, name: string, priority = 0) =>
      raw(offset, null, JSON.stringify({ type: 'policy-set', name, match: name, priority }))
    task.run(Array.from({ length: LIMITS.policies }, (_, i) => set(i, `p${i}`)))
    const at = LIMITS.policies
    task.run([
      set(at, 'more'),
      set(at + 1, 'p7', 5),
      raw(at + 2, null, '{"type":"policy-deleted","name":"p8"}'),
      set(at + 3, 'more'),
    ])
    expect(reasons(task.to('dead-letters'))).toEqual(['/name: the limit of 1000 policies is reached: delete one first'])
    expectFits(task)
  })

  it('agent with settings above the limit is refused; existing ones can change, and removing one makes room', () => {
    const task = new TestTask()
    const set = (offset: number, agent: string) =>
      raw(offset, null, JSON.stringify({ type: 'agent-set', agent, weight: 2 }))
    task.run(Array.from({ length: LIMITS.agentSettings }, (_, i) => set(i, `a${i}`)))
    const at = LIMITS.agentSettings
    task.run([
      set(at, 'more'),
      set(at + 1, 'a7'),
      raw(at + 2, null, '{"type":"agent-removed","agent":"a8"}'),
      set(at + 3, 'more'),
    ])
    expect(reasons(task.to('dead-letters'))).toEqual([
      '/agent: the limit of 100000 agents with settings is reached: remove one first',
    ])
  })
})
