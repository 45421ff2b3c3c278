import { Bench } from '../../testing/bench'
import { Sink, T0 } from '../../testing/changes'
import { receiver, RecordingChannel } from '../../testing/recording-channel'
import { until } from '../../testing/until'
import { outboxRow } from '../rows/packed-rows'
import { AT_ONCE } from '../pipeline'
import { OutboxWindow } from './window'

const OBJECTS = Array.from({ length: 20 }, (_, i) => `o/${i}`)

describe('planned deliveries', () => {
  let channel: RecordingChannel
  let bench: Bench
  beforeEach(async () => {
    channel = new RecordingChannel()
    bench = await Bench.open({ receivers: [receiver('ops')], root: { ...AT_ONCE, receiver: 'ops' } }, channel)
    bench.clock.moveTo(T0)
    await bench.start()
  })
  afterEach(() => bench[Symbol.asyncDispose]())

  it('are announced to the courier in the commit that plans them, without a punctuation', async () => {
    const announced: string[] = []
    const { courier, processor } = bench.notifier()
    const { planned } = courier
    courier.planned = (partition, list) => {
      announced.push(...list.map(({ row }) => String(row.message.object)))
      planned.call(courier, partition, list)
    }
    const punctuations: number[] = []
    const { punctuate } = processor
    processor.punctuate = (now, context) => {
      punctuations.push(context.partition)
      punctuate.call(processor, now, context)
    }
    await bench.driver.pipe(...OBJECTS.map((object) => new Sink().changed(object, 'down', T0)))
    await bench.driver.settle()
    await until(
      () => announced.length,
      (n) => n === OBJECTS.length,
    )
    expect(announced.sort()).toEqual([...OBJECTS].sort())
    expect(punctuations).toEqual([])
  })

  it('that were read from the outbox before they are announced are taken once, and settled ones not at all', async () => {
    // The outbox keeps what was planned until the channel answers.
    let answer = (): void => undefined
    const answered = new Promise<void>((resolve) => (answer = resolve))
    channel.answer = () => answered.then(() => ({ kind: 'delivered' }))
    await bench.driver.pipe(...OBJECTS.map((object) => new Sink().changed(object, 'down', T0)))
    await bench.driver.settle()
    const [task] = bench.tasks().filter((it) => it.table('outbox').range({ limit: 1 }).next().done !== true)
    const planned = [...task!.table('outbox').range()].map(({ key, value }) => ({ key, row: outboxRow.decode(value) }))
    const window = new OutboxWindow(new Map(), 1_000, 0)
    const [queue] = window.opened(task!)
    const { size } = queue!
    expect(size).toBeGreaterThan(0)
    const settled = planned.map(({ key, row }) => ({ key: `${key}!`, row }))
    expect([...window.planned(task!.partition, settled)]).toEqual([])
    window.opened(task!)
    expect([...window.planned(task!.partition, planned)]).toEqual([queue])
    expect(queue!.size).toBe(size)
    answer()
    await bench.quiet()
    expect(channel.received).toHaveLength(OBJECTS.length)
    expect(bench.outbox()).toEqual([])
  })
})
