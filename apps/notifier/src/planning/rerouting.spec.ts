import { LIMITS } from '@quorate/contracts'
import { Bench } from '../../testing/bench'
import { Sink, T0 } from '../../testing/changes'
import { receiver, RecordingChannel } from '../../testing/recording-channel'
import { AT_ONCE, type RouteInput, type Routing, type Silence } from '../pipeline'
import { objectRow } from '../rows/rows'

const s = (seconds: number) => T0 + seconds * 1000
const root = (receiver: string, ...routes: RouteInput[]): Routing['root'] => ({ ...AT_ONCE, quiet: ['up'], receiver, routes }) // prettier-ignore
const down = (receiver: string, more: Partial<RouteInput> = {}): RouteInput => ({ match: { state: ['down'] }, receiver, ...more }) // prettier-ignore
const silence = (seconds: number, from = 0): Silence => ({
  id: 'night',
  match: { object: ['**'] },
  startsAt: s(from),
  endsAt: s(from + seconds),
  author: 'me',
  comment: 'work',
})

async function open(routing: Partial<Routing>) {
  const channel = new RecordingChannel()
  const receivers = ['pager', 'mail', 'rest'].map((name) => receiver(name))
  const bench = await Bench.open({ receivers, root: root('rest'), ...routing }, channel)
  bench.clock.moveTo(T0)
  await bench.start()
  return { bench, channel, sink: new Sink() }
}
type Scene = Awaited<ReturnType<typeof open>>
const reasons = ({ bench }: Scene, receiver: string) =>
  bench
    .decisions('x')
    .filter((one) => one.receiver === receiver)
    .map(({ state, status, reason }) => [state, status, reason].join(' '))
    .reverse()

describe('what was opened is closed', () => {
  it('N60: a bad state that the route does not take is told where another is open, and so is the recovery', async () => {
    const scene = await open({ root: root('rest', down('pager')) })
    const { bench, channel, sink } = scene
    await using _ = bench
    for (const [i, state] of ['up', 'down', 'degraded', 'up'].entries())
      await bench.pipe(sink.changed('x', state, s(i)))
    expect(channel.told('pager')).toEqual(['x ->down', 'x down>degraded', 'x degraded>up'])
    await bench.pipe(sink.changed('x', 'degraded', s(5)))
    expect(channel.told('pager')).toHaveLength(3)
  })

  it('N60: nothing is told twice where a route matches by cause and an override comes and goes', async () => {
    const scene = await open({ root: root('rest', { match: { cause: ['vote'] }, receiver: 'pager' }) })
    const { bench, channel, sink } = scene
    await using _ = bench
    await bench.pipe(sink.changed('x', 'down', s(0)))
    await bench.pipe(sink.changed('x', 'degraded', s(1), { cause: 'override' }))
    await bench.pipe(sink.changed('x', 'down', s(2), { cause: 'override-cleared' }))
    await bench.pipe(sink.changed('x', 'up', s(3)))
    expect(channel.told('pager')).toEqual(['x ->down', 'x down>degraded', 'x degraded>down', 'x down>up'])
  })

  it('N61: the recovery is told by the receiver that told the alarm, though no route names it any more', async () => {
    const scene = await open({ root: root('rest', down('pager')) })
    const { bench, channel, sink } = scene
    await using _ = bench
    await bench.pipe(sink.changed('x', 'down', s(0)))
    await bench.configure({ root: root('rest', down('mail')) })
    await bench.pipe(sink.changed('x', 'up', s(2)))
    expect(channel.told('pager')).toEqual(['x ->down', 'x down>up'])
    expect(channel.told('mail')).toEqual(['x ->down', 'x down>up'])
  })

  it('N62: what is open at a receiver that is taken away ends with a decision', async () => {
    const scene = await open({ root: root('rest', down('pager')) })
    const { bench, channel, sink } = scene
    await using _ = bench
    await bench.pipe(sink.changed('x', 'down', s(0)))
    await bench.configure({ receivers: [receiver('mail'), receiver('rest')], root: root('rest') })
    expect(reasons(scene, 'pager')).toEqual(['down delivered ', 'down suppressed receiver-removed'])
    await bench.pipe(sink.changed('x', 'up', s(2)))
    await bench.configure({ receivers: [receiver('pager'), receiver('rest')], root: root('rest', down('pager')) })
    await bench.advance(3600)
    expect(channel.told('pager')).toEqual(['x ->down'])
  })

  it('N77: what waits for a receiver that no route names is not taken for what waits on the root', async () => {
    const timed = { groupWait: 10 }
    const scene = await open({ root: { ...root('rest', down('pager')), ...timed } })
    const { bench, channel, sink } = scene
    await using _ = bench
    await bench.pipe(sink.changed('x', 'down', s(0)))
    await bench.advance(10)
    await bench.configure({ root: { ...root('rest'), ...timed } })
    await bench.advance(100)
    await bench.pipe(sink.changed('x', 'degraded', s(110)))
    await bench.advance(10)
    await bench.pipe(sink.changed('x', 'up', s(120)))
    await bench.advance(100)
    expect(channel.told('pager')).toEqual(['x ->down', 'x down>degraded', 'x degraded>up'])
    expect(channel.told('rest')).toEqual(['x ->down', 'x down>degraded', 'x degraded>up'])
    expect(bench.decisions('x').filter(({ status }) => status === 'held')).toEqual([])
  })

  it('N72: what is open at a receiver that is taken away is closed there, and told once more where it comes back', async () => {
    const scene = await open({ root: root('rest', down('pager')) })
    const { bench, channel, sink } = scene
    await using _ = bench
    await bench.pipe(sink.changed('x', 'down', s(0)))
    const retired = [{ ...receiver('pager').endpoints[0]!, receiver: 'pager', until: s(3600) }]
    await bench.configure({ receivers: [receiver('rest')], root: root('rest'), retired })
    expect(channel.told('pager')).toEqual(['x ->down', 'x down>gone'])
    const [, closing] = channel.received.filter(({ endpoint }) => endpoint === 'pager')
    expect(closing!.message).toMatchObject({ closes: 'removed', previous: 'down' })
    await bench.configure({ receivers: [receiver('pager'), receiver('rest')], root: root('rest', down('pager')) })
    expect(channel.told('pager')).toEqual(['x ->down', 'x down>gone', 'x ->down'])
    const ids = channel.received.filter(({ endpoint }) => endpoint === 'pager').map(({ id }) => id)
    expect(new Set(ids).size).toBe(3)
  })

  it('N73: where an endpoint that is taken away cannot be told for an hour, a decision says so', async () => {
    const scene = await open({ root: root('rest', down('pager')) })
    const { bench, channel, sink } = scene
    await using _ = bench
    await bench.pipe(sink.changed('x', 'down', s(0)))
    channel.answer = (_out, endpoint) =>
      endpoint === 'pager' ? { kind: 'retry', reason: 'http-500' } : { kind: 'delivered' }
    await bench.pipe(sink.changed('x', 'degraded', s(1)))
    const retired = [{ ...receiver('pager').endpoints[0]!, receiver: 'pager', until: s(3600) }]
    await bench.configure({ receivers: [receiver('rest')], root: root('rest'), retired })
    for (let i = 0; i < 13; i++) await bench.advance(300)
    const expected = [' dead endpoint-removed', 'degraded dead endpoint-removed', 'down delivered ']
    expect(reasons(scene, 'pager').sort()).toEqual(expected)
    expect(bench.outbox()).toEqual([])
  })

  it('N62: what is open at an endpoint that is taken away ends with a decision about that endpoint', async () => {
    const receivers = [receiver('pager', 'pager/2'), receiver('rest')]
    const scene = await open({ receivers, root: root('rest', down('pager')) })
    const { bench, channel, sink } = scene
    await using _ = bench
    await bench.pipe(sink.changed('x', 'down', s(0)))
    await bench.configure({ receivers: [receiver('pager'), receiver('rest')] })
    const [removed] = bench.decisions('x').filter(({ reason }) => reason === 'endpoint-removed')
    expect(removed).toMatchObject({ endpoint: 'pager/2', state: 'down', status: 'suppressed' })
    await bench.pipe(sink.changed('x', 'up', s(2)))
    expect(channel.told('pager')).toEqual(['x ->down', 'x down>up'])
    expect(channel.told('pager/2')).toEqual(['x ->down'])
  })
})

describe('what is held goes the ways that are in force when its time comes', () => {
  it('N63: an unrelated route put in front loses nothing that a silence holds', async () => {
    const scene = await open({ root: root('rest', down('pager')), silences: [silence(3600)] })
    const { bench, channel, sink } = scene
    await using _ = bench
    await bench.pipe(sink.changed('x', 'down', s(0)))
    await bench.configure({ root: root('rest', { match: { object: ['other/**'] }, receiver: 'mail' }, down('pager')) })
    await bench.configure({ silences: [] })
    expect(channel.told('pager')).toEqual(['x ->down'])
  })

  it('N63: what is held on a route that is gone is told once, by the route that takes it now', async () => {
    const scene = await open({ root: root('rest', down('pager')), silences: [silence(3600)] })
    const { bench, channel, sink } = scene
    await using _ = bench
    await bench.pipe(sink.changed('x', 'down', s(0)))
    await bench.configure({ root: root('rest', down('mail', { name: 'network' })) })
    await bench.configure({ silences: [] })
    expect(channel.received.map(({ endpoint }) => endpoint)).toEqual(['mail'])
    expect(reasons(scene, 'pager')).toEqual(['down suppressed rerouted'])
  })

  it.each([
    ['groupWait', { groupWait: 60 }, 60],
    ['unknownAfter', { unknownAfter: 60, match: { state: ['unknown'] } }, 60],
  ] as const)('N63: what waits for %s is told by the route that takes it now', async (_, timing, wait) => {
    const state = 'match' in timing ? 'unknown' : 'down'
    const scene = await open({ root: root('rest', down('pager', timing)) })
    const { bench, channel, sink } = scene
    await using _bench = bench
    await bench.pipe(sink.changed('x', state, s(0)))
    await bench.configure({ root: root('rest', down('mail', timing)) })
    await bench.advance(wait)
    expect(channel.received.map(({ endpoint, at }) => [endpoint, at])).toEqual([['mail', s(wait)]])
  })

  it('N63: a recovery that waits for its group is told though its route is gone', async () => {
    const scene = await open({ root: root('rest', down('pager', { groupInterval: 60, match: {} })) })
    const { bench, channel, sink } = scene
    await using _ = bench
    await bench.pipe(sink.changed('x', 'down', s(0)))
    await bench.pipe(sink.changed('x', 'up', s(0)))
    expect(channel.told('pager')).toEqual(['x ->down'])
    await bench.configure({ root: root('rest') })
    await bench.advance(60)
    expect(channel.told('pager')).toEqual(['x ->down', 'x down>up'])
  })

  it('N63: unknownAfter that is changed is in force for what waits', async () => {
    const scene = await open({ root: { ...root('rest'), unknownAfter: 3600 } })
    const { bench, channel, sink } = scene
    await using _ = bench
    await bench.pipe(sink.changed('x', 'unknown', s(0)))
    await bench.configure({ root: { ...root('rest'), unknownAfter: 30 } })
    expect(channel.told()).toEqual([])
    await bench.advance(30)
    expect(channel.told()).toEqual(['x ->unknown'])
  })
})

describe('the order of what an endpoint is told of an object', () => {
  const wide: Partial<RouteInput> = { groupBy: [], match: {} }
  const open2 = async (first: Routing['root']) => {
    const channel = new RecordingChannel('recording', true)
    const bench = await Bench.open({ receivers: ['pager', 'rest'].map((name) => receiver(name)), root: first }, channel)
    bench.clock.moveTo(T0)
    await bench.start()
    return { bench, channel, sink: new Sink() }
  }
  const states = (channel: RecordingChannel, object: string) =>
    channel.received
      .filter(({ endpoint }) => endpoint === 'pager')
      .flatMap(({ message }) =>
        message.kind === 'group' ? message.changes : message.kind === 'change' ? [message] : [],
      )
      .filter((change) => change.object === object)
      .map(({ state }) => state)

  it.each([
    ['a group', down('pager', wide), 'another group', down('pager', { ...wide, name: 'other' })],
    ['a group', down('pager', wide), 'one by one', down('pager', { match: {} })],
    ['one by one', down('pager', { match: {} }), 'a group', down('pager', wide)],
  ] as const)('holds from %s to %s', async (_, before, __, after) => {
    const { bench, channel, sink } = await open2(root('rest', before))
    await using _bench = bench
    channel.answer = () => ({ kind: 'retry', reason: 'ECONNREFUSED' })
    await bench.pipe(sink.changed('x', 'down', s(0)))
    for (let i = 0; i < 4; i++) await bench.advance(1)
    await bench.configure({ root: root('rest', after) })
    await bench.pipe(sink.changed('x', 'up', s(5)))
    for (let i = 0; i < 20; i++) await bench.advance(1)
    const tried = channel.received.length
    channel.answer = () => ({ kind: 'delivered' })
    await bench.advance(3600)
    for (let i = 0; i < 20; i++) await bench.advance(1)
    expect(states(channel, 'x').slice(states({ ...channel, received: channel.received.slice(0, tried) } as never, 'x').length)).toEqual(['down', 'up']) // prettier-ignore
    expect(bench.outbox()).toEqual([])
  })
})

describe('an object that was open at receivers that are taken away', () => {
  it.each([LIMITS.receivers, LIMITS.receivers + 1])(
    'keeps the last 250 of %i, so that its row stays bounded',
    async (count) => {
      const names = Array.from({ length: count }, (_, i) => `r${i}`)
      const rest = receiver('rest')
      const routes = names.map((name) => ({ receiver: name, continue: true }))
      const { bench, sink, channel } = await open({ receivers: [rest, ...names.map((name) => receiver(name))], root: root('rest', ...routes) }) // prettier-ignore
      await using _ = bench
      await bench.pipe(sink.changed('x', 'down', s(0)))
      const retired = names.map((name) => ({ ...receiver(name).endpoints[0]!, receiver: name, until: s(3600) }))
      await bench.configure({ receivers: [rest], root: root('rest'), retired })
      expect(channel.received).toHaveLength(2 * count + 1)
      const [row] = bench.tasks().flatMap((task) => [...task.table('objects').range()].map(({ value }) => objectRow.decode(value))) // prettier-ignore
      expect(Object.keys(row!.closed!)).toEqual(names.slice(-LIMITS.receivers))
    },
  )
})

describe('what stands is told by the configuration in force', () => {
  it('N64: a receiver that a changed route leads to is told what is bad, and not what is calm', async () => {
    const scene = await open({ root: root('rest') })
    const { bench, channel, sink } = scene
    await using _ = bench
    await bench.pipe(sink.changed('x', 'down', s(0)), sink.changed('y', 'up', s(0)))
    await bench.configure({ root: root('rest', { receiver: 'mail', continue: true }, { receiver: 'rest' }) })
    expect(channel.told('mail')).toEqual(['x ->down'])
    expect(channel.told('rest')).toEqual(['x ->down'])
    await bench.configure({ silences: [silence(1)] })
    expect(channel.received).toHaveLength(2)
  })

  it('N64: nobody is told again after a restart with the same configuration', async () => {
    const scene = await open({ root: root('rest', down('pager')) })
    const { bench, channel, sink } = scene
    await using _ = bench
    await bench.pipe(sink.changed('x', 'down', s(0)))
    await bench.driver.stop()
    await bench.start()
    await bench.quiet()
    expect(channel.told()).toEqual(['x ->down'])
  })

  it('N64: more objects than one commit takes are all held against a changed route', async () => {
    const scene = await open({ root: root('rest') })
    const { bench, channel, sink } = scene
    await using _ = bench
    const names = Array.from({ length: 700 }, (_, i) => `o/${i}`)
    await bench.pipe(...names.map((name) => sink.changed(name, 'down', s(0))))
    await bench.configure({ root: root('mail') })
    expect(channel.told('mail').sort()).toEqual(names.map((name) => `${name} ->down`).sort())
  })

  it('N65: a repeat that a silence kept back comes when the silence is ended, with a decision for both', async () => {
    const scene = await open({ root: root('rest', down('pager', { repeatInterval: 3 })) })
    const { bench, channel, sink } = scene
    await using _ = bench
    await bench.pipe(sink.changed('x', 'down', s(0)))
    await bench.configure({ silences: [silence(3600)] })
    await bench.advance(6)
    expect(channel.told('pager')).toHaveLength(1)
    expect(reasons(scene, 'pager')).toEqual(['down delivered ', 'down suppressed silenced'])
    await bench.configure({ silences: [] })
    expect(channel.told('pager')).toHaveLength(2)
    await bench.advance(3)
    expect(channel.told('pager')).toHaveLength(3)
  })

  it('N66: a repeatInterval that is changed is in force for what stands', async () => {
    const scene = await open({ root: root('rest', down('pager')) })
    const { bench, channel, sink } = scene
    await using _ = bench
    await bench.pipe(sink.changed('x', 'down', s(0)))
    const every = (seconds: number) =>
      bench.configure({ root: root('rest', down('pager', { repeatInterval: seconds })) })
    await every(3600)
    await bench.advance(5)
    await every(4)
    expect(channel.told('pager')).toHaveLength(2)
    await bench.advance(4)
    expect(channel.told('pager')).toHaveLength(3)
    await every(0)
    await bench.advance(100)
    expect(channel.told('pager')).toHaveLength(3)
  })

  it('N66: a route without a name that moves goes on telling again', async () => {
    const again = down('pager', { repeatInterval: 10 })
    const scene = await open({ root: root('rest', again) })
    const { bench, channel, sink } = scene
    await using _ = bench
    await bench.pipe(sink.changed('x', 'down', s(0)))
    await bench.configure({ root: root('rest', { match: { object: ['other/**'] }, receiver: 'mail' }, again) })
    await bench.advance(10)
    expect(channel.told('pager')).toHaveLength(2)
  })
})
