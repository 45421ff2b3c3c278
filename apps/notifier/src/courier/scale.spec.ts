import { Bench } from '../../testing/bench'
import { Sink, T0 } from '../../testing/changes'
import { Receiver } from '../../testing/receiver'
import { receiver as recorded, RecordingChannel } from '../../testing/recording-channel'
import { until } from '../../testing/until'
import { webhook } from '../channels/webhook/channel'
import { AT_ONCE, type Receiver as ReceiverSettings, type Routing } from '../pipeline'

jest.setTimeout(120_000)

const ENDPOINTS = 100
const OBJECTS = 100
const objects = (count: number) => Array.from({ length: count }, (_, i) => `o${i}`)

describe('at scale', () => {
  it('10,000 due deliveries to 100 endpoints: one that hangs holds up none of the other 99', async () => {
    const servers = await Promise.all(Array.from({ length: ENDPOINTS }, () => Receiver.listen()))
    const endpoint = (server: Receiver, i: number): ReceiverSettings['endpoints'][number] => ({
      name: `all/${i}`,
      channel: 'webhook',
      settings: { url: server.url, loopbackWhenNamed: true, timeoutMs: 60_000 },
    })
    const all = { name: 'all', endpoints: servers.map(endpoint) }
    const bench = await Bench.open({ receivers: [all], root: { ...AT_ONCE, receiver: 'all' } }, webhook)
    bench.clock.moveTo(T0)
    await bench.start()
    const [hanging, ...others] = servers as [Receiver, ...Receiver[]]
    const sink = new Sink()
    const delivered = () => others.reduce((sum, { received }) => sum + received.length, 0)
    /** Until the 99 have everything about these objects. */
    const round = async (names: readonly string[]): Promise<void> => {
      const wanted = delivered() + names.length * others.length
      await bench.driver.pipe(...names.map((object) => sink.changed(object, 'down', T0)))
      await until(delivered, (n) => n === wanted)
    }
    await round(['warm'])
    await round(objects(OBJECTS).map((name) => `answers/${name}`))
    hanging.answer = () => undefined
    const attempts = hanging.received.length
    await round(objects(OBJECTS).map((name) => `hangs/${name}`))
    // The 99 have all while the hanging endpoint still holds its own 8 slots, each of which it may hold for a minute.
    expect(hanging.received.length - attempts).toBe(8)
    expect(
      bench
        .notifier()
        .courier.status()
        .find(({ name }) => name === 'all/0'),
    ).toMatchObject({
      underWay: 8,
      waiting: OBJECTS - 8,
    })
    await bench[Symbol.asyncDispose]()
    await Promise.all(servers.map((server) => server.close()))
  })

  it('12,000 that wait for an endpoint are not in memory, and all arrive once it is back', async () => {
    const channel = new RecordingChannel()
    const rules: Routing = { receivers: [recorded('ops')], root: { ...AT_ONCE, receiver: 'ops' } }
    const bench = await Bench.open(rules, channel)
    await using _ = bench
    bench.clock.moveTo(T0)
    bench.courier = { window: 1_000, spare: 2_000 }
    await bench.start()
    channel.answer = () => ({ kind: 'retry', reason: 'ECONNREFUSED' })
    const sink = new Sink()
    const names = objects(12_000)
    for (let at = 0; at < names.length; at += 2_000) {
      await bench.driver.pipe(...names.slice(at, at + 2_000).map((object) => sink.changed(object, 'down', T0)))
      await bench.driver.settle()
    }
    await until(
      () => bench.notifier().courier.active,
      (n) => n === 0,
    )
    const { waiting } = bench.notifier().courier.status()[0]!
    expect(waiting).toBeLessThanOrEqual(3_000)
    expect(bench.rows('outbox')).toHaveLength(12_000)
    const tried = new Set(channel.received.map(({ id }) => id)).size
    expect(tried).toBeLessThan(100)
    channel.received.length = 0
    channel.answer = () => ({ kind: 'delivered' })
    // The probe, then what its success hurries.
    for (let i = 0; i < 3; i++) await bench.advance(10)
    await until(
      () => bench.rows('outbox').length,
      (n) => n === 0,
    )
    expect(new Set(channel.received.map(({ id }) => id)).size).toBe(12_000)
    expect(channel.received).toHaveLength(12_000)
  })
})
