import { encodeView } from '@quorate/contracts'
import { Bench } from '../testing/bench'
import { Sink, T0, view } from '../testing/changes'
import { receiver, RecordingChannel } from '../testing/recording-channel'
import { AT_ONCE, type RouteInput, type Routing } from './pipeline'

const s = (seconds: number) => T0 + seconds * 1000
const routing = (root: Partial<RouteInput> = {}): Routing => ({
  receivers: [receiver('ops')],
  root: { receiver: 'ops', ...root },
})

/** Opens a notifier whose clock starts at T0. */
async function open(rules: Routing) {
  const channel = new RecordingChannel()
  const bench = await Bench.open(rules, channel)
  bench.clock.moveTo(T0)
  await bench.start()
  return { bench, channel, sink: new Sink() }
}

describe('what receivers are told', () => {
  it('N01: one delivery per endpoint of each matching receiver, its id told by event and endpoint', async () => {
    const rules: Routing = {
      receivers: [receiver('ops', 'ops/2'), receiver('net'), receiver('rest')],
      root: {
        ...AT_ONCE,
        receiver: 'rest',
        routes: [
          { match: { object: ['site/*'] }, receiver: 'ops', continue: true },
          { match: { state: ['down'] }, receiver: 'net' },
        ],
      },
    }
    const { bench, channel, sink } = await open(rules)
    await using _ = bench
    await bench.pipe(sink.changed('site/x', 'down', s(0)))
    expect(channel.received.map((one) => one.endpoint).sort()).toEqual(['net', 'ops', 'ops/2'])
    expect(new Set(channel.received.map((one) => one.id)).size).toBe(3)
    await bench.pipe(sink.changed('other', 'up', s(1)))
    expect(channel.told('rest')).toEqual(['other ->up'])
    expect(bench.outbox()).toEqual([])
    expect(bench.decisions().map((row) => row.status)).toEqual(['delivered', 'delivered', 'delivered', 'delivered'])
  })

  it('N02: the same record again says nothing more, and is counted', async () => {
    const { bench, channel, sink } = await open(routing(AT_ONCE))
    await using _ = bench
    const record = sink.changed('x', 'down', s(0))
    await bench.pipe(record, record)
    await bench.pipe(record)
    expect(channel.told()).toEqual(['x ->down'])
    expect(bench.counts.get('seen before')).toBe(2)
  })

  it('N03: down and back within groupWait says nothing', async () => {
    const { bench, channel, sink } = await open(routing())
    await using _ = bench
    await bench.pipe(sink.changed('x', 'up', s(0)))
    await bench.pipe(sink.changed('x', 'down', s(0)))
    await bench.advance(5)
    await bench.pipe(sink.changed('x', 'up', s(5)))
    await bench.advance(3600)
    expect(channel.told()).toEqual([])
    expect(bench.decisions('x').map(({ state, status, reason }) => [state, status, reason])).toEqual([
      ['up', 'suppressed', 'quiet'],
      ['down', 'suppressed', 'superseded'],
      ['up', 'suppressed', 'quiet'],
    ])
  })

  it('N04: down is told after groupWait, the recovery after groupInterval with its duration', async () => {
    const { bench, channel, sink } = await open(routing())
    await using _ = bench
    await bench.pipe(sink.changed('x', 'down', s(0)))
    await bench.advance(9.999)
    expect(channel.told()).toEqual([])
    await bench.advance(0.001)
    expect(channel.told()).toEqual(['x ->down'])
    await bench.advance(20)
    await bench.pipe(sink.changed('x', 'up', s(30)))
    await bench.advance(39.999)
    expect(channel.received).toHaveLength(1)
    await bench.advance(0.001)
    expect(channel.told()).toEqual(['x ->down', 'x down>up'])
    expect(channel.received[1]).toMatchObject({ at: s(70), message: { lasted: 30_000 } })
    expect(bench.clock.now()).toBe(s(70))
  })

  it('N15: an endpoint that was out of reach gets both changes, in order', async () => {
    const { bench, channel, sink } = await open(routing(AT_ONCE))
    await using _ = bench
    channel.answer = () => ({ kind: 'retry', reason: 'ECONNREFUSED' })
    await bench.pipe(sink.changed('x', 'down', s(0)))
    await bench.advance(300)
    await bench.pipe(sink.changed('x', 'up', s(300)))
    await bench.advance(1500)
    channel.answer = () => ({ kind: 'delivered' })
    const tried = channel.received.length
    await bench.advance(7200)
    expect(channel.told().slice(tried)).toEqual(['x ->down', 'x down>up'])
    expect(new Set(channel.received.filter((one) => one.message.event === 'x@0.1').map((one) => one.id)).size).toBe(1)
  })

  it('N22: of two endpoints only the one that failed is tried again', async () => {
    const { bench, channel, sink } = await open({
      receivers: [receiver('ops', 'ops/2')],
      root: { ...AT_ONCE, receiver: 'ops' },
    })
    await using _ = bench
    channel.answer = ({ attempt }, endpoint) =>
      endpoint === 'ops' && attempt < 3 ? { kind: 'retry', reason: 'http-500' } : { kind: 'delivered' }
    await bench.pipe(sink.changed('x', 'down', s(0)))
    await bench.advance(5)
    await bench.advance(10)
    expect(channel.told('ops')).toHaveLength(3)
    expect(channel.told('ops/2')).toHaveLength(1)
  })

  it('waits for a whole group and then tells each of its objects', async () => {
    const { bench, channel, sink } = await open(routing({ groupBy: [], groupWait: 10 }))
    await using _ = bench
    for (let i = 0; i < 50; i++) await bench.driver.pipe({ ...sink.changed(`o${i}`, 'down', s(0)), partition: 0 })
    await bench.quiet()
    expect(channel.received).toHaveLength(0)
    await bench.advance(10)
    expect(channel.told()).toHaveLength(50)
    await bench.pipe({ ...sink.changed('o0', 'up', s(10)), partition: 0 })
    await bench.advance(59)
    expect(channel.received).toHaveLength(50)
    await bench.advance(1)
    expect(channel.told().at(-1)).toBe('o0 down>up')
  })

  it('tells an unknown only when it lasts', async () => {
    const { bench, channel, sink } = await open(routing())
    await using _ = bench
    await bench.pipe(sink.changed('x', 'unknown', s(0)), sink.changed('y', 'unknown', s(0)))
    await bench.advance(299)
    await bench.pipe(sink.changed('y', 'up', s(299)))
    await bench.advance(1)
    expect(channel.told()).toEqual(['x ->unknown'])
  })

  it('tells only the net difference of what is older than maxAge, once the backlog has been read', async () => {
    const { bench, channel, sink } = await open(routing(AT_ONCE))
    await using _ = bench
    bench.clock.moveTo(s(8000))
    await bench.pipe(sink.changed('x', 'down', s(0)), sink.changed('x', 'up', s(10)), sink.changed('x', 'down', s(20)))
    expect(channel.told()).toEqual([])
    await bench.advance(5)
    expect(channel.told()).toEqual(['x ->down'])
    await bench.pipe(sink.changed('x', 'up', s(8005)))
    expect(channel.told()).toEqual(['x ->down', 'x down>up'])
  })

  it('counts a gap in the revisions and tells the net difference', async () => {
    const { bench, channel, sink } = await open(routing(AT_ONCE))
    await using _ = bench
    await bench.pipe(sink.changed('x', 'down', s(0)))
    sink.changed('x', 'up', s(1))
    sink.changed('x', 'down', s(2))
    await bench.pipe(sink.changed('x', 'degraded', s(3)))
    expect(channel.told()).toEqual(['x ->down', 'x down>degraded'])
    expect(bench.counts.get('missed')).toBe(2)
  })

  it('does not tell marks, and gives the reason', async () => {
    const { bench, channel, sink } = await open(routing(AT_ONCE))
    await using _ = bench
    await bench.pipe(sink.changed('x', 'down', s(0)), sink.updated('x', s(1), { contested: true }))
    expect(channel.told()).toEqual(['x ->down'])
    expect(bench.decisions('x').map((row) => row.reason)).toContain('already-told')
  })

  it('tells the change that waits, not the mark that came in between', async () => {
    const { bench, channel, sink } = await open(routing())
    await using _ = bench
    await bench.pipe(sink.changed('x', 'down', s(0)), sink.updated('x', s(1), { contested: true }))
    await bench.advance(10)
    expect(channel.received.map((one) => one.message)).toMatchObject([{ event: 'x@0.1', type: 'object.changed' }])
    expect(bench.decisions('x').map((row) => row.reason)).toContain('no-change')
  })

  it('closes with a receiver what it opened there, though the route no longer takes it', async () => {
    const { bench, channel, sink } = await open({
      receivers: [receiver('pager'), receiver('rest')],
      root: { ...AT_ONCE, receiver: 'rest', routes: [{ match: { state: ['down'] }, receiver: 'pager' }] },
    })
    await using _ = bench
    await bench.pipe(sink.changed('x', 'down', s(0)), sink.changed('x', 'up', s(1)), sink.changed('x', 'ok', s(2)))
    expect(channel.told('pager')).toEqual(['x ->down', 'x down>up'])
    expect(channel.told('rest')).toEqual(['x ->up', 'x up>ok'])
  })

  it('tells the end of an object that was told, forgets it after a while, and starts anew with its next incarnation', async () => {
    const { bench, channel, sink } = await open(routing(AT_ONCE))
    await using _ = bench
    await bench.pipe(sink.changed('x', 'down', s(0)), sink.deleted('x', s(1)))
    expect(channel.told()).toEqual(['x ->down', 'x down>gone'])
    await bench.pipe(sink.changed('x', 'down', s(2)))
    expect(channel.told().at(-1)).toBe('x ->down')
    await bench.pipe(sink.deleted('x', s(3)))
    await bench.advance(8 * 86_400)
    for (const table of ['objects', 'groups', 'outbox', 'history', 'by-object', 'dead'])
      expect(bench.rows(table)).toEqual([])
  })

  it.each<[string, () => { value: string; headers: [string, string | Buffer][]; key?: string }, RegExp]>([
    [
      'members nested 20,000 deep',
      () => ({
        value: wide({}).replace(/}$/, `,"later":${'['.repeat(20_000)}${']'.repeat(20_000)}}`),
        headers: said(),
      }),
      /nested more than 64 deep/,
    ],
    [
      'an event id of 600 kB',
      () => ({ value: wide({}), headers: said('x'.repeat(600_000)) }),
      /^the header ce_id has more than/,
    ],
    [
      'a key of 600 kB',
      () => ({ value: wide({}), headers: said(), key: 'x'.repeat(600_000) }),
      /^the key has more than/,
    ],
  ])('puts %s into the dead letters and goes on', async (_what, record, reason) => {
    const { bench, channel, sink } = await open(routing(AT_ONCE))
    await using _ = bench
    await bench.driver.pipe({ key: 'x', partition: 0, ...record() })
    await bench.driver.pipe({ ...sink.changed('x', 'down', s(0)), partition: 0 })
    await bench.quiet()
    expect(channel.told()).toEqual(['x ->down'])
    const [letter] = await bench.driver.read('q.dead-letters')
    expect(String(letter!.headers.find(([name]) => name === 'quorate-reason')![1])).toMatch(reason)
  })

  it.each<[string, () => string]>([
    ['an override with a reason of 600 kB', () => wide({ reason: 'r'.repeat(600_000) })],
    ['a tally of 9,000 states', () => wide({}, Object.fromEntries(Array.from({ length: 9_000 }, (_, i) => [`s${i}`.padEnd(64, '-'), 1])))], // prettier-ignore
  ])('tells %s in a shortened form', async (_what, value) => {
    const { bench, channel } = await open(routing(AT_ONCE))
    await using _ = bench
    await bench.driver.pipe({ key: 'x', partition: 0, value: value(), headers: said() })
    await bench.quiet()
    expect(channel.received).toHaveLength(1)
    expect(JSON.stringify(channel.received[0]!.message).length).toBeLessThan(16_384)
    expect(await bench.driver.read('q.dead-letters')).toEqual([])
  })

  it('puts what it cannot read into the dead letters and goes on', async () => {
    const { bench, channel, sink } = await open(routing(AT_ONCE))
    await using _ = bench
    await bench.driver.pipe({ key: 'x', value: '{broken', partition: 0 })
    await bench.driver.pipe({ ...sink.changed('x', 'down', s(0)), partition: 0 })
    await bench.quiet()
    expect(channel.told()).toEqual(['x ->down'])
    const [letter] = await bench.driver.read('q.dead-letters')
    expect(letter!.value!.toString()).toBe('{broken')
    expect(letter!.headers.map(([name, value]) => `${name}=${value.toString()}`)).toContain(
      'quorate-reason=the header ce_id is missing',
    )
  })
})

/** A record of the sink as anybody may write it. */
const wide = (override: { reason?: string }, tally: Record<string, number> = { down: 1 }): string =>
  encodeView(
    view('x', 'down', {
      tally,
      override: { state: 'down', reason: override.reason ?? null, author: null, expiresAt: null, mode: 'pin' },
    }),
  )
const said = (id = 'x@0.1'): [string, string][] => [
  ['ce_id', id], ['ce_type', 'object.changed'], ['ce_time', new Date(T0).toISOString()],
] // prettier-ignore
