import { Bench } from '../../testing/bench'
import { Sink, T0 } from '../../testing/changes'
import { receiver, RecordingChannel } from '../../testing/recording-channel'
import { AT_ONCE } from '../pipeline'

const s = (seconds: number) => T0 + seconds * 1000

async function open() {
  const channel = new RecordingChannel()
  const bench = await Bench.open({ receivers: [receiver('ops')], root: { ...AT_ONCE, receiver: 'ops' } }, channel)
  bench.clock.moveTo(T0)
  await bench.start()
  return { bench, channel, sink: new Sink() }
}

const OBJECTS = Array.from({ length: 20 }, (_, i) => `o/${i}`)

describe('deliveries that the courier reads from the outbox before they are announced', () => {
  it('are sent once each', async () => {
    const { bench, channel, sink } = await open()
    await using _ = bench
    bench.observe = (step, partition) => {
      if (step === 'applied') bench.notifier().courier.reread(partition)
    }
    for (const [i, state] of ['down', 'up', 'down', 'up'].entries())
      await bench.pipe(...OBJECTS.map((object) => sink.changed(object, state, s(i))))
    const ids = channel.received.map(({ id }) => id)
    expect(ids).toHaveLength(4 * OBJECTS.length)
    expect(new Set(ids).size).toBe(ids.length)
    expect(bench.outbox()).toEqual([])
  })
})
