import { Bench } from '../../testing/bench'
import { Sink, T0 } from '../../testing/changes'
import { receiver, RecordingChannel } from '../../testing/recording-channel'
import type { ChangeMessage } from '../outbox/message'
import type { RouteInput, Routing, Silence } from '../pipeline'

const s = (seconds: number) => T0 + seconds * 1000
const routing = (root: Partial<RouteInput> = {}): Routing => ({
  receivers: [receiver('ops')],
  root: { receiver: 'ops', groupWait: 0, groupInterval: 0, unknownAfter: 0, ...root },
})
const silence = (from: number, to: number, more: Partial<Silence> = {}): Silence => ({
  id: 'move', match: { object: ['**'] }, startsAt: s(from), endsAt: s(to), author: 'me', comment: 'moving house', ...more,
}) // prettier-ignore

async function open(rules: Routing) {
  const channel = new RecordingChannel()
  const bench = await Bench.open(rules, channel)
  bench.clock.moveTo(T0)
  await bench.start()
  return { bench, channel, sink: new Sink() }
}

describe('silences', () => {
  it('N17: what was told before is closed while a silence is over it', async () => {
    const { bench, channel, sink } = await open(routing())
    await using _ = bench
    await bench.pipe(sink.changed('x', 'down', s(0)))
    await bench.configure({ silences: [silence(0, 3600)] })
    await bench.advance(60)
    await bench.pipe(sink.changed('x', 'up', s(60)))
    expect(channel.told()).toEqual(['x ->down', 'x down>up'])
  })

  it('N18: what came during a silence and lasts is told when it ends, with the reason it was held for', async () => {
    const { bench, channel, sink } = await open({ ...routing(), silences: [silence(0, 600)] })
    await using _ = bench
    await bench.pipe(sink.changed('x', 'down', s(0)))
    expect(bench.decisions('x')).toMatchObject([{ status: 'held', reason: 'silenced' }])
    expect(bench.decisions('x')[0]!.by).toMatch(/^silence\/move\//)
    await bench.advance(599)
    expect(channel.told()).toEqual([])
    await bench.advance(1)
    expect(channel.told()).toEqual(['x ->down'])
    expect(bench.rows('withheld')).toEqual([])
  })

  it('tells only the net difference after one', async () => {
    const { bench, channel, sink } = await open({ ...routing(), silences: [silence(0, 600)] })
    await using _ = bench
    await bench.pipe(sink.changed('x', 'down', s(1)), sink.changed('x', 'up', s(2)), sink.changed('y', 'down', s(3)))
    await bench.pipe(sink.changed('y', 'degraded', s(4)))
    await bench.advance(3600)
    expect(channel.told()).toEqual(['y ->degraded'])
    expect(bench.decisions('x').map(({ reason }) => reason)).toEqual(['quiet', 'superseded'])
  })

  it.each<[string, Partial<Routing>]>([
    ['is taken away', { silences: [] }],
    ['ends earlier', { silences: [silence(0, 10)] }],
    ['matches something else', { silences: [silence(0, 600, { match: { object: ['other'] } })] }],
  ])('tells at once what one held back that %s', async (_name, change) => {
    const { bench, channel, sink } = await open({ ...routing(), silences: [silence(0, 600)] })
    await using _ = bench
    await bench.pipe(...Array.from({ length: 600 }, (_, i) => sink.changed(`o${i}`, 'down', s(0))))
    await bench.advance(20)
    expect(channel.received).toEqual([])
    await bench.configure(change)
    expect(new Set(channel.told()).size).toBe(600)
    expect(bench.rows('withheld')).toEqual([])
  })

  it('goes on holding what one is made longer over', async () => {
    const { bench, channel, sink } = await open({ ...routing(), silences: [silence(0, 600)] })
    await using _ = bench
    await bench.pipe(sink.changed('x', 'down', s(0)))
    await bench.configure({ silences: [silence(0, 1200)] })
    await bench.advance(1199)
    expect(channel.told()).toEqual([])
    await bench.advance(1)
    expect(channel.told()).toEqual(['x ->down'])
  })

  it('holds back nothing before its start, nor what it does not match', async () => {
    const { bench, channel, sink } = await open({
      ...routing(),
      silences: [silence(10, 600, { match: { object: ['x*'], state: ['down'] } })],
    })
    await using _ = bench
    await bench.pipe(sink.changed('x1', 'down', s(0)))
    await bench.advance(10)
    await bench.pipe(sink.changed('x2', 'down', s(10)), sink.changed('x3', 'degraded', s(10)), sink.changed('y', 'down', s(10)))
    expect(channel.told().sort()).toEqual(['x1 ->down', 'x3 ->degraded', 'y ->down'])
  }) // prettier-ignore

  it('holds back the one object whose id has an asterisk, where the asterisk is escaped', async () => {
    const { bench, channel, sink } = await open({
      ...routing(),
      silences: [silence(0, 600, { match: { object: [String.raw`rack/\*`] } })],
    })
    await using _ = bench
    await bench.pipe(sink.changed('rack/*', 'down', s(0)), sink.changed('rack/1', 'down', s(0)))
    expect(channel.told()).toEqual(['rack/1 ->down'])
  })

  it('still holds after a restart that saw it end', async () => {
    const { bench, channel, sink } = await open({ ...routing(), silences: [silence(0, 600)] })
    await using _ = bench
    await bench.pipe(sink.changed('x', 'down', s(0)))
    await bench.notifier().close()
    await bench.driver.stop()
    bench.routing = { ...bench.routing, silences: [] }
    await bench.start()
    await bench.quiet()
    expect(channel.told()).toEqual(['x ->down'])
  })
})

describe('inhibitions', () => {
  const rack = { name: 'rack', parent: 'rack/1', states: ['down'], dependants: ['rack/1/**'] }
  const rules = (more: Partial<RouteInput> = {}): Routing => ({
    ...routing({ groupWait: 10, ...more }),
    inhibitions: [rack],
  })
  const dependantsIn = (channel: RecordingChannel) =>
    channel.received.flatMap(({ message }) => (message as ChangeMessage).dependants ?? [])

  it('tell the parent with the names of what depends on it, and nothing else', async () => {
    const { bench, channel, sink } = await open(rules())
    await using _ = bench
    await bench.pipe(sink.changed('rack/1/a', 'down', s(0)), sink.changed('rack/1', 'down', s(0)))
    await bench.pipe(sink.changed('rack/1/b', 'down', s(1)), sink.changed('rack/2/c', 'down', s(1)))
    await bench.advance(10)
    expect(channel.told().sort()).toEqual(['rack/1 ->down', 'rack/2/c ->down'])
    expect(dependantsIn(channel)).toEqual([{ objects: ['rack/1/a', 'rack/1/b'], total: 2 }])
    expect(bench.decisions('rack/1/b')).toMatchObject([{ status: 'held', reason: 'inhibited' }])
  })

  it('name what waited for its group, also where the glob begins with an escaped asterisk', async () => {
    const star = { ...rack, parent: '*', dependants: [String.raw`\*/**`] }
    const { bench, channel, sink } = await open({ ...rules(), inhibitions: [star] })
    await using _ = bench
    await bench.pipe(sink.changed('*/a', 'down', s(0)), sink.changed('x/a', 'down', s(0)))
    await bench.pipe(sink.changed('*', 'down', s(1)))
    expect(bench.decisions('*/a')).toMatchObject([{ status: 'held', reason: 'inhibited' }])
    await bench.advance(10)
    expect(channel.told().sort()).toEqual(['* ->down', 'x/a ->down'])
    expect(dependantsIn(channel)).toEqual([{ objects: ['*/a'], total: 1 }])
  })

  it('tell those that are still bad when the parent has recovered', async () => {
    const { bench, channel, sink } = await open(rules())
    await using _ = bench
    await bench.pipe(sink.changed('rack/1', 'down', s(0)))
    await bench.pipe(sink.changed('rack/1/a', 'down', s(1)), sink.changed('rack/1/b', 'down', s(1)))
    await bench.advance(60)
    expect(channel.told()).toEqual(['rack/1 ->down'])
    await bench.pipe(sink.changed('rack/1', 'up', s(60)))
    await bench.advance(2)
    await bench.pipe(sink.changed('rack/1/a', 'up', s(62)))
    await bench.advance(10)
    expect(channel.told().sort()).toEqual(['rack/1 ->down', 'rack/1 down>up', 'rack/1/b ->down'])
    expect(bench.rows('withheld')).toEqual([])
  })

  it('close what was told before the parent went down', async () => {
    const { bench, channel, sink } = await open(rules({ groupWait: 0 }))
    await using _ = bench
    await bench.pipe(sink.changed('rack/1/a', 'down', s(0)))
    await bench.pipe(sink.changed('rack/1', 'down', s(1)))
    await bench.pipe(sink.changed('rack/1/a', 'up', s(2)))
    expect(channel.told()).toEqual(['rack/1/a ->down', 'rack/1 ->down', 'rack/1/a down>up'])
  })

  it('hold when they are configured while the parent is down, and let go when they are not any more', async () => {
    const { bench, channel, sink } = await open({ ...rules(), inhibitions: [] })
    await using _ = bench
    await bench.pipe(sink.changed('rack/1', 'down', s(0)))
    await bench.advance(60)
    await bench.configure({ inhibitions: [rack] })
    await bench.pipe(sink.changed('rack/1/a', 'down', s(60)))
    await bench.advance(3700)
    expect(channel.told()).toEqual(['rack/1 ->down'])
    await bench.configure({ inhibitions: [] })
    await bench.advance(10)
    expect(channel.told()).toEqual(['rack/1 ->down', 'rack/1/a ->down'])
  })

  it('let go when the parent is deleted', async () => {
    const { bench, channel, sink } = await open(rules())
    await using _ = bench
    await bench.pipe(sink.changed('rack/1', 'down', s(0)), sink.changed('rack/1/a', 'down', s(0)))
    await bench.advance(20)
    await bench.pipe(sink.deleted('rack/1', s(20)))
    await bench.advance(60)
    expect(channel.told().sort()).toEqual(['rack/1 ->down', 'rack/1 down>gone', 'rack/1/a ->down'])
  })
})

describe('flapping', () => {
  const flap = (on: boolean) => ({ flapping: on })

  it('is told once when it begins and once when it has settled; the changes between are recorded', async () => {
    const { bench, channel, sink } = await open(routing())
    await using _ = bench
    await bench.pipe(sink.changed('x', 'down', s(0)), sink.changed('x', 'up', s(1)))
    await bench.pipe(sink.changed('x', 'down', s(2), flap(true)))
    for (let i = 3; i < 8; i++) await bench.pipe(sink.changed('x', i % 2 ? 'up' : 'down', s(i), flap(true)))
    expect(channel.told()).toEqual(['x ->down', 'x down>up', 'x up>down began'])
    await bench.pipe(sink.updated('x', s(600), flap(false)))
    expect(channel.told().slice(3)).toEqual(['x down>up settled'])
    expect(channel.received.at(-1)!.message).toMatchObject({ flapping: { phase: 'settled', changes: 5 } })
    expect(bench.decisions('x').filter(({ reason }) => reason === 'flapping')).toHaveLength(5)
    await bench.pipe(sink.changed('x', 'down', s(700)))
    expect(channel.told().at(-1)).toBe('x up>down')
  })

  it('says that it has settled though the state is the one that was told', async () => {
    const { bench, channel, sink } = await open(routing())
    await using _ = bench
    await bench.pipe(sink.changed('x', 'down', s(0), flap(true)), sink.changed('x', 'up', s(1), flap(true)))
    await bench.pipe(sink.changed('x', 'down', s(2), flap(true)), sink.updated('x', s(9), flap(false)))
    expect(channel.told()).toEqual(['x ->down began', 'x down>down settled'])
  })

  it('says nothing of what began and settled before it was due', async () => {
    const { bench, channel, sink } = await open(routing({ groupWait: 10 }))
    await using _ = bench
    await bench.pipe(sink.changed('x', 'up', s(0)))
    await bench.pipe(sink.changed('x', 'down', s(1), flap(true)), sink.changed('x', 'up', s(2), flap(true)))
    await bench.pipe(sink.updated('x', s(3), flap(false)))
    await bench.advance(60)
    expect(channel.told()).toEqual([])
  })

  it('is closed by the end of the object', async () => {
    const { bench, channel, sink } = await open(routing())
    await using _ = bench
    await bench.pipe(sink.changed('x', 'up', s(0), flap(true)), sink.deleted('x', s(1)))
    expect(channel.told()).toEqual(['x ->up began', 'x up>gone'])
  })
})

describe('what lasts is told again', () => {
  it('after every repeatInterval, with ids of their own, until it recovers', async () => {
    const { bench, channel, sink } = await open(routing({ repeatInterval: 3600 }))
    await using _ = bench
    await bench.pipe(sink.changed('x', 'down', s(0)), sink.changed('y', 'up', s(0)))
    await bench.advance(3600)
    await bench.advance(3600)
    expect(channel.told()).toEqual(['x ->down', 'x down>down again 1', 'x down>down again 2'])
    expect(new Set(channel.received.map(({ id }) => id)).size).toBe(3)
    await bench.pipe(sink.changed('x', 'up', s(7200)))
    await bench.advance(86_400)
    expect(channel.told().slice(3)).toEqual(['x down>up'])
  })

  it('not while it is silenced, and after a restart as well', async () => {
    const { bench, channel, sink } = await open(routing({ repeatInterval: 3600 }))
    await using _ = bench
    await bench.pipe(sink.changed('x', 'down', s(0)))
    await bench.configure({ silences: [silence(0, 5000)] })
    await bench.advance(3600)
    expect(channel.told()).toEqual(['x ->down'])
    await bench.notifier().close()
    await bench.driver.stop()
    await bench.start()
    await bench.advance(1400)
    expect(channel.told()).toEqual(['x ->down', 'x down>down again 1'])
  })
})
