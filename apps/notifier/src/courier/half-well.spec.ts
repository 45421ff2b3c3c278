import { Bench } from '../../testing/bench'
import { Sink, T0 } from '../../testing/changes'
import { receiver, RecordingChannel } from '../../testing/recording-channel'
import { AT_ONCE, type Routing } from '../pipeline'

const MINUTE = 60_000
const objects = (count: number) => Array.from({ length: count }, (_, i) => `o${i}`)
const one: Routing = {
  receivers: [receiver('ops'), receiver('spare')].map((each) =>
    each.name === 'ops' ? { ...each, fallback: 'spare' } : each,
  ),
  root: { ...AT_ONCE, receiver: 'ops' },
}

/** The same numbers on every run. */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

jest.setTimeout(60_000)

describe('an endpoint that is half well', () => {
  let channel: RecordingChannel
  let sink: Sink
  let bench: Bench
  beforeEach(async () => {
    channel = new RecordingChannel()
    sink = new Sink()
    bench = await Bench.open(one, channel)
    bench.clock.moveTo(T0)
    await bench.start()
  })
  afterEach(() => bench[Symbol.asyncDispose]())
  const to = (endpoint: string) => channel.received.filter((attempt) => attempt.endpoint === endpoint)

  it.each([
    [0.2, 300],
    [0.3, 600],
    [0.5, 1_200],
    [0.7, 3_600],
  ])('N45: that fails %d of what it is sent gets everything within %i s, without more attempts than that takes', async (share, bound) => {
    const random = numbers(7)
    channel.answer = (_, endpoint) =>
      endpoint === 'ops' && random() < share ? { kind: 'retry', reason: 'http-500' } : { kind: 'delivered' }
    const count = 500
    await bench.pipe(...objects(count).map((object) => sink.changed(object, 'down', T0)))
    while (bench.outbox().length > 0 && bench.clock.now() < T0 + bound * 1000) await bench.advance(5)
    expect(bench.outbox()).toEqual([])
    expect(to('ops').length).toBeLessThan((count / (1 - share)) * 1.15)
    expect(to('spare')).toEqual([])
  }) // prettier-ignore

  it('N46: asks for no pause (429, Retry-After: 0): it is left alone longer and longer all the same', async () => {
    channel.answer = ({ at }, endpoint) =>
      endpoint === 'ops' ? { kind: 'retry', reason: 'http-429', throttle: true, notBefore: at } : { kind: 'delivered' }
    await bench.pipe(...objects(100).map((object) => sink.changed(object, 'down', T0)))
    for (let i = 0; i < 60; i++) await bench.advance(1)
    // 8 under way at once when it says so for the first time.
    expect(to('ops').length).toBeLessThan(60)
  })

  it('N47: fails for a quarter of an hour: the fallback is told once, and nothing is given up', async () => {
    channel.answer = (_, endpoint) =>
      endpoint === 'ops' ? { kind: 'retry', reason: 'ECONNREFUSED' } : { kind: 'delivered' }
    await bench.pipe(sink.changed('a', 'down', T0), sink.changed('b', 'down', T0))
    while (bench.clock.now() < T0 + 14 * MINUTE) await bench.advance(30)
    expect(to('spare')).toEqual([])
    while (bench.clock.now() < T0 + 60 * MINUTE) await bench.advance(30)
    expect(to('spare').map(({ message }) => message)).toEqual([
      expect.objectContaining({ kind: 'notice', endpoint: 'ops', reason: 'failing: ECONNREFUSED' }),
    ])
    expect(bench.outbox()).toHaveLength(2)
    expect(bench.notifier().courier.status()).toMatchObject([
      { name: 'ops', depth: 2, oldest: T0, failingSince: T0 },
      { name: 'spare', depth: 0, oldest: null, failingSince: null },
    ])
    channel.answer = () => ({ kind: 'delivered' })
    while (bench.outbox().length > 0) await bench.advance(30)
    expect(bench.notifier().courier.status()).toMatchObject([{ depth: 0, failingSince: null }, { depth: 0 }])
  })

  it('N48: puts us off for a day: the fallback is told at once, since that is known', async () => {
    channel.answer = ({ at }, endpoint) =>
      endpoint === 'ops'
        ? { kind: 'retry', reason: 'http-503', throttle: true, notBefore: at + 86_400_000 }
        : { kind: 'delivered' }
    await bench.pipe(sink.changed('a', 'down', T0))
    await bench.advance(1)
    expect(to('spare').map(({ message }) => message)).toMatchObject([{ kind: 'notice', reason: 'failing: http-503' }])
  })

  it('counts what lies in the outbox, also what was there before', async () => {
    channel.answer = (_, endpoint) =>
      endpoint === 'ops' ? { kind: 'retry', reason: 'http-500' } : { kind: 'delivered' }
    const states = ['down', 'up', 'down']
    await bench.pipe(...objects(400).flatMap((object) => states.map((state, i) => sink.changed(object, state, T0 + i))))
    expect(bench.notifier().courier.status()[0]).toMatchObject({ depth: 1_200 })
    await bench.driver.stop()
    await bench.start('b')
    await bench.quiet()
    expect(bench.notifier('b').courier.status()[0]).toMatchObject({ depth: 1_200 })
    channel.answer = () => ({ kind: 'delivered' })
    while (bench.outbox().length > 0) await bench.advance(30)
    expect(bench.notifier('b').courier.status()[0]).toMatchObject({ depth: 0, oldest: null })
  })
})
