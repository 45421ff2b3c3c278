import { type Log, silentLogger } from '@quorate/log'
import { openKafkaLog } from '@quorate/log/kafka'
import { describeKafka, sharedBrokers } from '../../../test/broker'
import { Bench } from '../testing/bench'
import { Sink, T0 } from '../testing/changes'
import { receiver, RecordingChannel } from '../testing/recording-channel'
import { until } from '../testing/until'
import { Configuration, NotifySettings, SecretReader, SecretScope } from './configuration'
import { AT_ONCE, type Routing } from './pipeline'

const rules: Routing = { receivers: [receiver('ops')], root: { ...AT_ONCE, receiver: 'ops' } }

/** The cases that hang on what is durable, on a real broker. */
describeKafka('the notifier on Apache Kafka', () => {
  let log: Log
  let bench: Bench
  let channel: RecordingChannel
  let sink: Sink
  let prefix: string

  beforeEach(async () => {
    log = await openKafkaLog({ brokers: sharedBrokers(), clientId: 'notifier' })
    channel = new RecordingChannel()
    sink = new Sink()
    prefix = `n${Date.now()}`
    bench = await Bench.openOn({ log, prefix }, rules, channel)
    bench.clock.moveTo(T0)
    await bench.start()
  }, 60_000)
  afterEach(async () => {
    await bench[Symbol.asyncDispose]()
    await log.close()
  }, 60_000)

  const told = (count: number) =>
    until(
      () => channel.received.length,
      (n) => n >= count,
    )
  const settled = () =>
    until(
      () => bench.outbox().length,
      (n) => n === 0,
    )

  it('says in the commit of a change that the parent of an inhibition is bad, and every instance reads it', async () => {
    const settings = await NotifySettings.open({ log, topic: `${prefix}.settings`, logger: silentLogger })
    bench.notifier().configure({
      ...rules,
      inhibitions: [{ name: 'rack', parent: 'rack/1', states: ['down'], dependants: ['rack/1/**'] }],
    })
    const afflicted = (count: number) =>
      until(
        () => settings.afflictions().size,
        (n) => n === count,
      )
    await bench.driver.pipe({ ...sink.changed('rack/1', 'down', T0), partition: 0 })
    await afflicted(1)
    expect(settings.afflictions().get('rack')).toEqual({ object: 'rack/1', state: 'down', event: 'rack/1@0.1' })
    await bench.driver.pipe({ ...sink.changed('rack/1', 'up', T0), partition: 0 })
    await afflicted(0)
    await settings.close()
  }, 60_000)

  it('puts what one instance writes into force at another', async () => {
    const open = async () => {
      const settings = await NotifySettings.open({ log, topic: `${prefix}.settings`, logger: silentLogger })
      const channels = new Map([['recording', channel]])
      const secrets = new SecretReader({ scope: new SecretScope('/run/secrets', []) })
      return {
        settings,
        configuration: new Configuration({ settings, channels, base: rules, secrets, logger: silentLogger }),
      }
    }
    const [one, two] = [await open(), await open()]
    const seen: string[] = []
    two.configuration.follow(({ root }) => void seen.push(root.receiver))
    const endpoints = [{ channel: 'recording', settings: { endpoint: 'net' } }]
    await one.configuration.write([{ table: 'receivers', name: 'net', value: { endpoints } }])
    await one.configuration.write([{ table: 'routes', name: 'root', value: { receiver: 'net' } }])
    await until(
      () => seen.at(-1),
      (receiver) => receiver === 'net',
    )
    await Promise.all([one.settings.close(), two.settings.close()])
  }, 60_000)

  it('N01, N02: tells a change once, whatever comes twice', async () => {
    const record = sink.changed('x', 'down', T0)
    await bench.driver.pipe({ ...record, partition: 0 }, { ...record, partition: 0 })
    await told(1)
    await bench.driver.settle()
    await settled()
    expect(channel.told()).toEqual(['x ->down'])
    expect(bench.counts.get('seen before')).toBe(1)
  }, 60_000)

  it('N11: killed after the receiver accepted, before the outcome was written: sent again with the same id', async () => {
    let crashed: Promise<void> | undefined
    channel.answer = () => {
      crashed ??= bench.driver.crashAt('sealed')
      return { kind: 'delivered' }
    }
    await bench.driver.pipe({ ...sink.changed('x', 'down', T0), partition: 0 })
    await told(1)
    await crashed
    await bench.start()
    await told(2)
    await settled()
    expect(channel.received.map((one) => one.id)).toEqual(Array(2).fill(channel.received[0]!.id))
  }, 60_000)

  it.each(['logged', 'applied'] as const)(
    'N12: killed when the commit was %s, with the disk lost: delivered by the successor',
    async (step) => {
      const crashed = bench.driver.crashAt(step)
      await bench.driver.pipe({ ...sink.changed('x', 'down', T0), partition: 0 })
      await crashed
      bench.driver.loseDisk()
      expect(channel.received).toHaveLength(0)
      await bench.start()
      await told(1)
      await settled()
      expect(channel.told()).toEqual(['x ->down'])
    },
    60_000,
  )
})
