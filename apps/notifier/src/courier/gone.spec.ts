import { Bench } from '../../testing/bench'
import { Sink, T0 } from '../../testing/changes'
import { receiver, RecordingChannel } from '../../testing/recording-channel'
import { until } from '../../testing/until'
import { AT_ONCE, type Routing } from '../pipeline'

const rules: Routing = { receivers: [receiver('ops')], root: { ...AT_ONCE, receiver: 'ops' } }

describe('an endpoint that says it is gone', () => {
  let channel: RecordingChannel
  let sink: Sink
  let bench: Bench
  beforeEach(async () => {
    channel = new RecordingChannel()
    sink = new Sink()
    bench = await Bench.open(rules, channel)
    bench.clock.moveTo(T0)
    await bench.start()
    channel.answer = () => ({ kind: 'gone', reason: 'http-410' })
  })
  afterEach(() => bench[Symbol.asyncDispose]())
  const change = (object: string, state: string, partition: number) =>
    bench.driver.pipe({ ...sink.changed(object, state, T0), partition })
  const statuses = (object: string) => bench.decisions(object).map(({ status, reason }) => `${status} ${reason}`)

  it('is asked no more by any task, of any instance, after a restart and with the disk lost', async () => {
    await bench.start('b')
    await until(
      () => ['a', 'b'].flatMap((name) => bench.driver.streams(name).tasks()).filter((task) => task.state === 'running'),
      (tasks) => tasks.length === 2 && new Set(tasks.map(({ partition }) => partition)).size === 2,
    )
    await change('x', 'down', 0)
    await bench.quiet()
    await change('y', 'down', 1)
    await bench.quiet()
    expect(channel.received).toHaveLength(1)
    expect([statuses('x'), statuses('y')]).toEqual([['dead http-410'], ['dead endpoint-disabled']])
    for (const name of ['a', 'b']) {
      expect(bench.notifier(name).courier.status()[0]).toMatchObject({ refusal: 'endpoint-disabled' })
      await bench.driver.stop(name)
      bench.driver.loseDisk(name)
    }
    await bench.start()
    await bench.quiet()
    await change('z', 'down', 1)
    await bench.quiet()
    expect(channel.received).toHaveLength(1)
    expect(statuses('z')).toEqual(['dead endpoint-disabled'])
  })

  it('gets another chance by a redrive', async () => {
    await change('x', 'down', 0)
    await bench.quiet()
    channel.answer = () => ({ kind: 'delivered' })
    const [id] = bench.rows('dead')
    expect(await bench.notifier().courier.redrive(bench.tasks()[0]!, id!)).toBe('planned')
    await change('y', 'down', 1)
    await bench.quiet()
    expect(channel.received.map((one) => one.id)).toEqual([id, id, expect.stringMatching(/^msg_/)])
    expect(bench.notifier().courier.status()[0]).toMatchObject({ refusal: null })
    expect([statuses('x'), statuses('y')]).toEqual([['delivered null'], ['delivered null']])
  })

  it('is another one at another address', async () => {
    await change('x', 'down', 0)
    await bench.quiet()
    channel.answer = () => ({ kind: 'delivered' })
    const [ops] = rules.receivers
    const moved = { ...ops!, endpoints: [{ ...ops!.endpoints[0]!, settings: { endpoint: 'ops at another address' } }] }
    await bench.configure({ receivers: [moved] })
    await change('y', 'down', 1)
    await bench.quiet()
    expect(statuses('y')).toEqual(['delivered null'])
  })
})
