import fc from 'fast-check'
import { Bench } from '../../testing/bench'
import { Sink, T0 } from '../../testing/changes'
import { receiver, RecordingChannel } from '../../testing/recording-channel'
import { until } from '../../testing/until'
import type { Outcome } from '../channels'
import type { ChangeMessage } from '../outbox/message'
import { AT_ONCE, type Routing } from '../pipeline'

const s = (seconds: number) => T0 + seconds * 1000
const objects = (count: number) => Array.from({ length: count }, (_, i) => `o${i}`)
const refused: Outcome = { kind: 'retry', reason: 'ECONNREFUSED' }

async function open(rules: Routing, courier: Bench['courier'] = {}) {
  const channel = new RecordingChannel()
  const bench = await Bench.open(rules, channel)
  bench.courier = courier
  bench.clock.moveTo(T0)
  await bench.start()
  return { bench, channel, sink: new Sink() }
}
const one: Routing = { receivers: [receiver('ops')], root: { ...AT_ONCE, receiver: 'ops' } }

describe('the courier', () => {
  it('does not let an endpoint that hangs hold up the others', async () => {
    const names = ['hangs', ...Array.from({ length: 19 }, (_, i) => `e${i}`)]
    const { bench, channel, sink } = await open(
      { receivers: [receiver('all', ...names)], root: { ...AT_ONCE, receiver: 'all' } },
      { atOnce: 20 },
    )
    await using _ = bench
    let free!: () => void
    const hanging = new Promise<void>((resolve) => (free = resolve))
    channel.answer = (_, endpoint) =>
      endpoint === 'hangs' ? hanging.then(() => ({ kind: 'delivered' })) : { kind: 'delivered' }
    await bench.driver.pipe(...objects(50).map((object) => sink.changed(object, 'down', s(0))))
    await until(
      () => channel.received.filter((got) => got.endpoint !== 'hangs').length,
      (n) => n === 50 * 20,
    )
    expect(channel.received.filter((got) => got.endpoint === 'hangs')).toHaveLength(8)
    free()
    await until(
      () => bench.outbox().length,
      (n) => n === 0,
    )
  })

  it('holds a window of what waits in memory, and delivers everything, in order', async () => {
    const { bench, channel, sink } = await open(one, { window: 3, spare: 0 })
    await using _ = bench
    channel.answer = () => refused
    for (const state of ['down', 'up', 'down'])
      await bench.pipe(...objects(40).map((object) => sink.changed(object, state, s(0))))
    expect(bench.outbox()).toHaveLength(120)
    const [status] = bench.notifier().courier.status()
    expect(status!.waiting).toBeLessThanOrEqual(3)
    channel.answer = () => ({ kind: 'delivered' })
    const tried = channel.received.length
    await bench.advance(3600)
    await until(
      () => bench.outbox().length,
      (n) => n === 0,
    )
    const told = channel.told().slice(tried)
    expect(told).toHaveLength(120)
    for (const object of objects(40))
      expect(told.filter((line) => line.startsWith(`${object} `))).toEqual([
        `${object} ->down`,
        `${object} down>up`,
        `${object} up>down`,
      ])
  })

  it('probes an endpoint that keeps failing, one delivery at a time, and hurries when it is back', async () => {
    const { bench, channel, sink } = await open(one)
    await using _ = bench
    channel.answer = () => refused
    await bench.pipe(...objects(30).map((object) => sink.changed(object, 'down', s(0))))
    const atFirst = channel.received.length
    expect(atFirst).toBeLessThan(30)
    expect(bench.notifier().courier.status()[0]).toMatchObject({ circuit: 'open' })
    await bench.advance(5)
    expect(channel.received).toHaveLength(atFirst + 1)
    channel.answer = () => ({ kind: 'delivered' })
    for (let i = 0; i < 10; i++) await bench.advance(5)
    expect(bench.outbox()).toEqual([])
    expect(bench.notifier().courier.status()[0]).toMatchObject({ circuit: 'closed', waiting: 0 })
  })

  it('gives a delivery up after three days, keeps it, and tells the fallback', async () => {
    const { bench, channel, sink } = await open({
      receivers: [{ ...receiver('ops'), fallback: 'net' }, receiver('net')],
      root: { ...AT_ONCE, receiver: 'ops' },
    })
    await using _ = bench
    channel.answer = (_, endpoint) => (endpoint === 'ops' ? refused : { kind: 'delivered' })
    await bench.pipe(sink.changed('x', 'down', s(0)))
    for (let hours = 0; hours < 74; hours++) await bench.advance(3600)
    expect(bench.decisions('x')).toMatchObject([
      { endpoint: 'net', status: 'delivered', event: expect.stringContaining('/given-up: ') as string },
      { endpoint: 'net', status: 'delivered', event: expect.stringContaining('/failing: ') as string },
      { endpoint: 'ops', status: 'dead', reason: 'given-up: ECONNREFUSED' },
    ])
    expect(bench.rows('dead')).toHaveLength(1)
    channel.answer = () => ({ kind: 'delivered' })
    const id = bench.rows('dead')[0]!
    for (const task of bench.tasks()) if (await bench.notifier().courier.redrive(task, id)) break
    await bench.advance(300)
    expect(channel.received.at(-1)).toMatchObject({ id, endpoint: 'ops', attempt: 1 })
    expect(bench.rows('dead')).toEqual([])
  })

  it('gives up what waits for an endpoint that is no longer configured, so that it can be redriven', async () => {
    const { bench, channel, sink } = await open(one)
    await using _ = bench
    channel.answer = () => refused
    await bench.pipe(sink.changed('x', 'down', s(0)))
    await bench.driver.stop()
    bench.routing = { receivers: [receiver('other')], root: { ...AT_ONCE, receiver: 'other' } }
    await bench.start()
    await bench.quiet()
    const settled = bench.decisions('x').filter(({ receiver }) => receiver === 'ops')
    expect(settled).toMatchObject([{ reason: 'receiver-removed' }, { status: 'dead', reason: 'endpoint-removed' }])
    expect(bench.outbox()).toMatchObject([{ endpoint: 'other', attempts: 1 }])
  })

  it('a property: once everything is quiet each receiver was last told the state, in order, with one id per event', async () => {
    const step = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          do: fc.constant('change' as const),
          object: fc.constantFrom('a', 'b', 'c'),
          state: fc.constantFrom('up', 'down', 'degraded', 'unknown'),
        }),
      },
      {
        weight: 3,
        arbitrary: fc.record({ do: fc.constant('wait' as const), seconds: fc.constantFrom(1, 7, 45, 400) }),
      },
      {
        weight: 2,
        arbitrary: fc.record({ do: fc.constant('outage' as const), endpoint: fc.constantFrom('ops', 'now') }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          do: fc.constant('crash' as const),
          at: fc.constantFrom('sealed' as const, 'logged' as const, 'applied' as const),
        }),
      },
    )
    const rules: Routing = {
      receivers: [receiver('ops'), receiver('now')],
      root: {
        receiver: 'ops',
        quiet: [],
        routes: [
          { receiver: 'now', ...AT_ONCE, continue: true, name: 'at-once' },
          { receiver: 'ops', name: 'grouped' },
        ],
      },
    }
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
        const { bench, channel, sink } = await open(rules)
        await using _ = bench
        const states = new Map<string, string>()
        const down = new Set<string>()
        channel.answer = (_, endpoint) => (down.has(endpoint) ? refused : { kind: 'delivered' })
        const change = (object: string, state: string) => {
          states.set(object, state)
          return sink.changed(object, state, bench.clock.now())
        }
        for (const todo of steps) {
          if (todo.do === 'change' && states.get(todo.object) !== todo.state)
            await bench.pipe(change(todo.object, todo.state))
          if (todo.do === 'wait') await bench.advance(todo.seconds)
          if (todo.do === 'outage') down[down.has(todo.endpoint) ? 'delete' : 'add'](todo.endpoint)
          if (todo.do === 'crash') {
            const crashed = bench.driver.crashAt(todo.at)
            await bench.driver.pipe({ ...change('a', states.get('a') === 'up' ? 'down' : 'up'), topic: undefined! })
            await crashed
            await bench.start()
          }
        }
        down.clear()
        for (let i = 0; i < 6; i++) await bench.advance(1800)
        expect(bench.outbox()).toEqual([])
        for (const endpoint of ['ops', 'now']) {
          const got = channel.received.filter((outgoing) => outgoing.endpoint === endpoint)
          for (const [object, state] of states) {
            const told = got
              .map(({ message }) => message as ChangeMessage)
              .filter((message) => message.object === object)
            expect(told.at(-1)?.state ?? 'unknown').toBe(state)
            const events = [...new Set(told.map((message) => message.event))]
            expect(told.map((message) => events.indexOf(message.event))).toEqual(
              told.map((message) => events.indexOf(message.event)).sort((a, b) => a - b),
            )
          }
          const ids = new Map(got.map(({ id, message }) => [message.event, id]))
          for (const { id, message } of got) expect(ids.get(message.event)).toBe(id)
          expect(new Set(ids.values()).size).toBe(ids.size)
        }
      }),
      { numRuns: 25 },
    )
  }, 60_000)
})
