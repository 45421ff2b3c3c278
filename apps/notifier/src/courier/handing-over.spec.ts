import { Bench } from '../../testing/bench'
import { Sink, T0 } from '../../testing/changes'
import { receiver, RecordingChannel } from '../../testing/recording-channel'
import type { Outcome } from '../channels'
import { AT_ONCE } from '../pipeline'

const s = (seconds: number) => T0 + seconds * 1000
/** As many as are sent to an endpoint at once: all are under way. */
const OBJECTS = Array.from({ length: 8 }, (_, i) => `o/${i}`)

/** Answers when it is told to. */
class SlowChannel extends RecordingChannel {
  private readonly waiting: (() => void)[] = []
  hold = true

  override answer = (): Promise<Outcome> =>
    new Promise((resolve) => {
      const deliver = () => resolve({ kind: 'delivered' })
      if (this.hold) this.waiting.push(deliver)
      else deliver()
    })

  release(): void {
    this.hold = false
    for (const deliver of this.waiting.splice(0)) deliver()
  }
}

async function open() {
  const channel = new SlowChannel()
  const bench = await Bench.open({ receivers: [receiver('ops')], root: { ...AT_ONCE, receiver: 'ops' } }, channel)
  bench.clock.moveTo(T0)
  await bench.start('a')
  return { bench, channel, sink: new Sink() }
}
const without = ({ topic: _, partition: __, ...record }: ReturnType<Sink['changed']>) => record

describe('two notifiers', () => {
  it('N68: what is being sent when another joins is written before it takes over, and sent once', async () => {
    const { bench, channel, sink } = await open()
    await using _ = bench
    await bench.driver.pipe(...OBJECTS.map((object) => without(sink.changed(object, 'down', s(0)))))
    while (channel.received.length === 0) await new Promise(setImmediate)
    // Were it not waited for, the other would run a partition before anything has been answered.
    const waitedFor = new Promise<void>((resolve) => (bench.onPause = resolve))
    const joining = bench.start('b')
    await Promise.race([waitedFor, joining])
    channel.release()
    await joining
    await bench.quiet()
    for (const object of OBJECTS) await bench.pipe(sink.changed(object, 'up', s(1)))
    const ids = channel.received.map(({ id }) => id)
    expect(ids).toHaveLength(2 * OBJECTS.length)
    expect(new Set(ids).size).toBe(ids.length)
    expect(bench.outbox()).toEqual([])
  })

  it('N68: one that leaves in order writes what it has sent', async () => {
    const { bench, channel, sink } = await open()
    await using _ = bench
    channel.release()
    await bench.start('b')
    channel.hold = true
    await bench.driver.pipe(...OBJECTS.map((object) => without(sink.changed(object, 'down', s(0)))))
    while (channel.received.length < 2) await new Promise(setImmediate)
    const leaving = bench.notifier('b').close().then(() => bench.driver.stop('b')) // prettier-ignore
    channel.release()
    await leaving
    await bench.quiet()
    const ids = channel.received.map(({ id }) => id)
    expect(new Set(ids).size).toBe(OBJECTS.length)
    expect(ids).toHaveLength(OBJECTS.length)
  })
})
