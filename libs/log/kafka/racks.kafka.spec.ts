import { describeOwnKafka, startBroker, unique, type BrokerCluster } from '../../../test/broker'
import { collect, records } from '../testing'
import { openKafkaLog } from '.'
import { withCluster } from './testing/admin'

describeOwnKafka('a rack', () => {
  let broker: BrokerCluster
  beforeAll(async () => {
    broker = await startBroker({ nodes: 3, racks: true })
  }, 120_000)
  afterAll(() => broker?.stop())

  it('is where records are read from, though the leader is elsewhere and does not answer any more', async () => {
    const topic = unique('topic')
    const spec = { name: topic, partitions: 1, cleanupPolicy: 'delete', timestampType: 'CreateTime' } as const
    const writer = await openKafkaLog({ brokers: broker.brokers, clientId: 'writer' })
    await writer.ensureTopics([spec], { replication: 3 })
    const leader = await withCluster([...broker.brokers], (cluster) => cluster.leaderOf(topic, 0))
    const other = 1 + (leader % 3)
    const values = Array.from({ length: 200 }, (_, i) => `${i} ${'x'.repeat(10_000)}`)
    for (const value of values) await writer.append(records(topic, 0, [value]))

    const nodes: unknown[] = []
    const debug = (fields: object) => void ('node' in fields && nodes.push(fields.node))
    const silent = () => undefined
    const reading = await openKafkaLog({
      brokers: broker.brokers,
      clientId: 'reader',
      rack: `rack-${other}`,
      logger: { debug, info: silent, warn: silent, error: silent },
    })
    const reader = reading.reader({ topic, partition: 0, from: 0, maxBytes: 50_000 })
    const first = await collect(reader, 5)
    expect(nodes).toEqual([other])
    broker.pause(leader)
    try {
      const rest = await collect(reader, values.length - first.length)
      expect([...first, ...rest].map(({ value }) => value!.toString())).toEqual(values)
    } finally {
      broker.resume(leader)
    }
    // What comes later is read as well.
    await writer.append(records(topic, 0, ['last']))
    expect((await collect(reader, 1)).map(({ value }) => value!.toString())).toEqual(['last'])
    reader.close()
    await Promise.all([reading.close(), writer.close()])
  }, 120_000)
})
