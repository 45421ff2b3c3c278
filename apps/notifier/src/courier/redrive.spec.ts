import { Bench } from '../../testing/bench'
import { Sink, T0 } from '../../testing/changes'
import { receiver, RecordingChannel } from '../../testing/recording-channel'
import { AT_ONCE, type RouteInput } from '../pipeline'

const s = (seconds: number) => T0 + seconds * 1000

async function open(root: Partial<RouteInput> = {}, gathers = false) {
  const channel = new RecordingChannel('recording', gathers)
  const bench = await Bench.open(
    { receivers: [receiver('ops')], root: { ...AT_ONCE, ...root, receiver: 'ops' } },
    channel,
  )
  bench.clock.moveTo(T0)
  await bench.start()
  return { bench, channel, sink: new Sink() }
}

async function redriven(bench: Bench, id: string) {
  for (const task of bench.tasks()) {
    const found = await bench.notifier().courier.redrive(task, id)
    if (found) return found
  }
  return undefined
}
const refuse = () => ({ kind: 'dead', reason: 'http-400' }) as const
const take = () => ({ kind: 'delivered' }) as const

describe('a dead letter that is redriven', () => {
  it('N67: is superseded where the receiver has been told something later', async () => {
    const { bench, channel, sink } = await open()
    await using _ = bench
    channel.answer = refuse
    await bench.pipe(sink.changed('x', 'down', s(0)))
    channel.answer = take
    await bench.pipe(sink.changed('x', 'up', s(1)))
    const [id] = bench.rows('dead')
    expect(await redriven(bench, id!)).toBe('superseded')
    await bench.advance(60)
    expect(channel.told()).toEqual(['x ->down', 'x down>up'])
    expect(bench.decisions('x').find((one) => one.id === id)).toMatchObject({
      status: 'suppressed',
      reason: 'superseded',
    })
    expect(await redriven(bench, id!)).toBeUndefined()
  })

  it('is superseded too where the later one is dead as well, which can be redriven', async () => {
    const { bench, channel, sink } = await open()
    await using _ = bench
    channel.answer = refuse
    await bench.pipe(sink.changed('x', 'down', s(0)), sink.changed('x', 'degraded', s(1)))
    channel.answer = take
    const byEvent = new Map(bench.decisions('x').map(({ event, id }) => [event, id]))
    expect(await redriven(bench, byEvent.get('x@0.1')!)).toBe('superseded')
    expect(await redriven(bench, byEvent.get('x@0.2')!)).toBe('planned')
    await bench.quiet()
    expect(channel.told().at(-1)).toBe('x down>degraded')
  })

  it('is sent while it is still so, marks of the object notwithstanding', async () => {
    const { bench, channel, sink } = await open()
    await using _ = bench
    channel.answer = refuse
    await bench.pipe(sink.changed('x', 'down', s(0)), sink.updated('x', s(1), { contested: true }))
    channel.answer = take
    expect(await redriven(bench, bench.rows('dead')[0]!)).toBe('planned')
    await bench.quiet()
    expect(channel.told()).toEqual(['x ->down', 'x ->down'])
  })

  it('is the end of an object: sent while the object is gone, superseded when it has come back', async () => {
    const { bench, channel, sink } = await open()
    await using _ = bench
    await bench.pipe(sink.changed('x', 'down', s(0)))
    channel.answer = refuse
    await bench.pipe(sink.deleted('x', s(1)))
    channel.answer = take
    const [id] = bench.rows('dead')
    expect(await redriven(bench, id!)).toBe('planned')
    await bench.quiet()
    channel.answer = refuse
    await bench.pipe(sink.changed('x', 'down', s(2)), sink.deleted('x', s(3)))
    channel.answer = take
    await bench.pipe(sink.changed('x', 'down', s(4)))
    for (const dead of bench.rows('dead')) expect(await redriven(bench, dead)).toBe('superseded')
  })

  it('is a group: sent while one of its changes is still so', async () => {
    const { bench, channel, sink } = await open({ groupBy: [], groupWait: 5, groupInterval: 0 }, true)
    await using _ = bench
    channel.answer = refuse
    await bench.pipe({ ...sink.changed('x', 'down', s(0)), partition: 0 }, { ...sink.changed('y', 'down', s(0)), partition: 0 }) // prettier-ignore
    await bench.advance(5)
    await bench.advance(5)
    await bench.advance(5)
    const groups = bench.rows('dead')
    expect(groups.length).toBeGreaterThan(0)
    channel.answer = take
    await bench.pipe(sink.changed('x', 'up', s(20)))
    await bench.advance(20)
    const results = []
    for (const id of groups) results.push(await redriven(bench, id))
    expect(results).toContain('planned')
  })
})
