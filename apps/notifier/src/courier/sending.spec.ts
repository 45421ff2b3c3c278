import { Webhook } from 'standardwebhooks'
import { Bench } from '../../testing/bench'
import { Sink, T0 } from '../../testing/changes'
import { Receiver } from '../../testing/receiver'
import { receiver as recorded, RecordingChannel } from '../../testing/recording-channel'
import { until } from '../../testing/until'
import { webhook } from '../channels/webhook/channel'
import { AT_ONCE, type Receiver as ReceiverSettings, type Routing } from '../pipeline'

const SECRET = 'C2FVsBQIhrscChlQIMV+b5sSYspob7oD'
const s = (seconds: number) => T0 + seconds * 1000
const at = (name: string, url: string, more: object = {}): ReceiverSettings => ({
  name,
  endpoints: [
    { name, channel: 'webhook', settings: { url, secret: { reveal: () => SECRET }, loopbackWhenNamed: true, ...more } },
  ],
})

/** Real HTTP receivers; only the notifier's time is virtual. */
describe('sending', () => {
  const sink = new Sink()
  let channel: RecordingChannel
  let one: Receiver
  let two: Receiver
  let bench: Bench
  const open = async (rules: Routing) => {
    channel = new RecordingChannel()
    bench = await Bench.open(rules, webhook, channel)
    bench.clock.moveTo(T0)
    await bench.start()
  }
  const both = (): Routing => ({
    receivers: [{ ...at('one', one.url), fallback: 'ops' }, at('two', two.url), recorded('ops')],
    root: {
      ...AT_ONCE,
      receiver: 'one',
      routes: [
        { receiver: 'one', continue: true, name: 'to-one' },
        { receiver: 'two', name: 'to-two' },
      ],
    },
  })
  const only = (): Routing => ({ receivers: [at('one', one.url)], root: { ...AT_ONCE, receiver: 'one' } })
  const waiting = (attempts: number) =>
    until(
      () => bench.outbox(),
      (rows) => rows.length > 0 && rows.every((row) => row.attempts >= attempts),
    )

  beforeEach(async () => {
    one = await Receiver.listen()
    two = await Receiver.listen()
  })
  afterEach(async () => {
    await bench[Symbol.asyncDispose]()
    await one.close()
    await two.close()
  })

  it('N06: 500, 500, 200 are three attempts with one id, new timestamps and valid signatures', async () => {
    await open(only())
    one.answer = (_, number) => ({ status: number < 3 ? 500 : 200 })
    await bench.pipe(sink.changed('n06', 'down', s(0)))
    await one.next()
    await waiting(1)
    await bench.advance(5)
    await one.next()
    await waiting(2)
    await bench.advance(10)
    await one.next()
    await until(
      () => bench.outbox(),
      (rows) => rows.length === 0,
    )
    expect(new Set(one.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
    expect(one.received.map(({ headers }) => headers['webhook-timestamp'])).toEqual(
      [0, 5, 15].map((n) => String(T0 / 1000 + n)),
    )
    const verifier = new Webhook(SECRET)
    jest.useFakeTimers({
      now: s(15),
      doNotFake: [
        'nextTick',
        'setImmediate',
        'setTimeout',
        'clearTimeout',
        'setInterval',
        'clearInterval',
        'queueMicrotask',
      ],
    })
    try {
      for (const { raw, headers } of one.received)
        expect(verifier.verify(raw, headers as Record<string, string>)).toMatchObject({ data: { object: 'n06' } })
    } finally {
      jest.useRealTimers()
    }
    expect(bench.decisions('n06')).toMatchObject([{ status: 'delivered', attempts: 3 }])
  })

  it('N07: 410 disables the endpoint, leaves a dead letter and tells the fallback', async () => {
    await open(both())
    one.answer = () => ({ status: 410, body: 'moved away' })
    await bench.pipe(sink.changed('n07', 'down', s(0)))
    await two.next()
    await until(
      () => channel.received.length,
      (n) => n === 1,
    )
    expect(channel.received[0]!.message).toMatchObject({ kind: 'notice', endpoint: 'one', reason: 'http-410' })
    await bench.pipe(sink.changed('n07', 'up', s(1)))
    await two.next()
    const dead = () => bench.decisions('n07').filter((row) => row.status === 'dead')
    await until(dead, (rows) => rows.length === 2)
    expect(dead().map((row) => row.reason)).toEqual(expect.arrayContaining(['http-410', 'endpoint-disabled']))
    expect(one.received).toHaveLength(1)
    expect(channel.received).toHaveLength(1)
  })

  it('N08: Retry-After puts the endpoint off, and no other', async () => {
    await open(both())
    one.answer = (_, number) => (number === 1 ? { status: 429, headers: { 'retry-after': '120' } } : { status: 200 })
    await bench.pipe(sink.changed('n08', 'down', s(0)))
    await two.next()
    await waiting(1)
    await bench.advance(60)
    await bench.pipe(sink.changed('n08/other', 'down', s(60)))
    await two.next()
    await bench.advance(59.999)
    expect(one.received).toHaveLength(1)
    await bench.advance(0.001)
    await one.next()
    await one.next()
    await one.next()
    expect(one.received.slice(1).map(({ headers }) => Number(headers['webhook-timestamp']))).toEqual([
      T0 / 1000 + 120,
      T0 / 1000 + 120,
    ])
  })

  it('N11: killed after the receiver accepted, before the outcome was written: sent again with the same id', async () => {
    await open(only())
    let crashed: Promise<void> | undefined
    one.answer = async (_, number) => {
      // The next commit is that of the outcome.
      if (number === 1) crashed = bench.driver.crashAt('sealed')
      return { status: 200 }
    }
    await bench.driver.pipe({ ...sink.changed('n11', 'down', s(0)), partition: 0 })
    const { headers } = await one.next()
    await until(() => crashed !== undefined, Boolean)
    await crashed
    await bench.start()
    expect((await one.next()).headers['webhook-id']).toBe(headers['webhook-id'])
    await until(
      () => bench.outbox(),
      (rows) => rows.length === 0,
    )
    expect(bench.decisions('n11')).toMatchObject([{ status: 'delivered', attempts: 1 }])
  })

  it.each(['logged', 'applied'] as const)(
    'N12: killed when the commit was %s, before sending: delivered after the restart',
    async (step) => {
      await open(only())
      const crashed = bench.driver.crashAt(step)
      await bench.driver.pipe({ ...sink.changed(`n12/${step}`, 'down', s(0)), partition: 0 })
      await crashed
      expect(one.received).toHaveLength(0)
      await bench.start()
      expect((await one.next()).body.data.object).toBe(`n12/${step}`)
      await until(
        () => bench.outbox(),
        (rows) => rows.length === 0,
      )
      expect(one.received).toHaveLength(1)
    },
  )

  it('N12: the same with the disk lost', async () => {
    await open(only())
    one.answer = () => ({ status: 500 })
    await bench.pipe(sink.changed('lost', 'down', s(0)))
    const { headers } = await one.next()
    await waiting(1)
    await bench.driver.stop()
    bench.driver.loseDisk()
    one.answer = () => ({ status: 200 })
    await bench.start()
    await bench.advance(5)
    expect((await one.next()).headers['webhook-id']).toBe(headers['webhook-id'])
  })

  it('N34: of two notifiers one sends, and the other takes over with the same id', async () => {
    await open(only())
    await bench.start('b')
    await until(
      () =>
        ['a', 'b'].map(
          (name) =>
            bench.driver
              .streams(name)
              .tasks()
              .filter((task) => task.state === 'running').length,
        ),
      (n) => n[0] === 1 && n[1] === 1,
    )
    one.answer = () => ({ status: 500 })
    await bench.driver.pipe({ ...sink.changed('n34', 'down', s(0)), partition: 0 })
    const { headers } = await one.next()
    await waiting(1)
    const owner = bench.driver.streams('a').task(0)?.state === 'running' ? 'a' : 'b'
    await bench.driver.stop(owner)
    await until(
      () =>
        bench.driver
          .streams(owner === 'a' ? 'b' : 'a')
          .tasks()
          .filter((task) => task.state === 'running').length,
      (n) => n === 2,
    )
    one.answer = () => ({ status: 200 })
    await bench.advance(5)
    expect((await one.next()).headers['webhook-id']).toBe(headers['webhook-id'])
    await until(
      () => bench.outbox(),
      (rows) => rows.length === 0,
    )
    expect(one.received).toHaveLength(2)
  })

  it('N24: an address of the inside is refused before connecting, also when the name is resolved anew', async () => {
    let resolved = 0
    const resolve = async () => [{ address: ++resolved > 1 ? '127.0.0.1' : '10.0.0.1', family: 4 }]
    await open({
      receivers: [at('one', `http://receiver.example:${one.port}/`, { resolve })],
      root: { ...AT_ONCE, receiver: 'one' },
    })
    await bench.pipe(sink.changed('n24', 'down', s(0)))
    await waiting(1)
    await bench.advance(5)
    await waiting(2)
    expect(resolved).toBe(2)
    expect(one.received).toHaveLength(0)
    expect(bench.decisions('n24')).toMatchObject([{ reason: 'address-refused', attempts: 2 }])
  })

  it('sends changes of one object in order, one at a time, and does not hold up others', async () => {
    await open(only())
    let free!: () => void
    const held = new Promise<void>((resolve) => (free = resolve))
    one.answer = async ({ body }) => {
      if (body.data.object === 'slow') await held
      return { status: 200 }
    }
    const changes = ['down', 'up', 'down'].map((state, i) => sink.changed('slow', state, s(i)))
    await bench.driver.pipe(...changes, sink.changed('quick', 'down', s(0)))
    const objects = [(await one.next()).body.data.object, (await one.next()).body.data.object].sort()
    expect(objects).toEqual(['quick', 'slow'])
    free()
    await until(
      () => one.received.length,
      (n) => n === 4,
    )
    const slow = one.received
      .filter(({ body }) => body.data.object === 'slow')
      .map(({ body }) => `${body.data.previous}>${body.data.state}`)
    expect(slow).toEqual(['null>down', 'down>up', 'up>down'])
  })
})
