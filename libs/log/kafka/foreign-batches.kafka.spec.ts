import { describeKafka, KAFKA_VERSION, kafkaTool, sharedBrokers, unique } from '../../../test/broker'
import type { Log } from '../src'
import { collect, readTo } from '../testing'
import { openKafkaLog } from '.'
import { check } from './protocol-errors'
import { produce } from './requests/produce'
import { administrate, withCluster } from './testing/admin'
import { encodeBatch, stampBatch } from './wire/batch-encoder'

const NOBODY = { producerId: -1, epoch: -1, transactional: false }

describeKafka('batches that others wrote', () => {
  let log: Log
  beforeAll(async () => {
    log = await openKafkaLog({ brokers: sharedBrokers(), clientId: 'spec' })
  })
  afterAll(() => log.close())

  it.each(['gzip', 'snappy', 'lz4', 'zstd'])(
    'are read when the Java producer compressed them with %s',
    async (codec) => {
      const topic = unique(codec)
      await log.ensureTopics([{ name: topic, partitions: 1, cleanupPolicy: 'delete', timestampType: 'LogAppendTime' }])
      const lines = Array.from({ length: 500 }, (_, i) => `key-${i}:value ${i} ${'=~'.repeat(i % 40)}`)
      const args = ['--bootstrap-server', sharedBrokers().join(), '--topic', topic, '--compression-codec', codec]
      const property = Number.parseFloat(KAFKA_VERSION) < 4.2 ? '--property' : '--reader-property'
      const keyed = [property, 'parse.key=true', property, 'key.separator=:']
      await kafkaTool('org.apache.kafka.tools.ConsoleProducer', [...args, ...keyed], lines.join('\n'))
      const read = await readTo(log, topic, 0)
      expect(read.map(({ key, value }) => `${key!.toString()}:${value!.toString()}`)).toEqual(lines)
    },
    60_000,
  )

  it('may hold 200,000 records each', async () => {
    const topic = unique('large')
    await administrate(sharedBrokers(), (admin) =>
      admin.createTopics({
        topics: [{ topic, numPartitions: 1, configEntries: [{ name: 'max.message.bytes', value: `${16 << 20}` }] }],
      }),
    )
    const all = Array.from({ length: 200_000 }, (_, i) => ({ topic, partition: 0, key: null, value: `${i}` }))
    const out = Buffer.alloc(8 << 20)
    const { count, bytes } = encodeBatch(all, 0, all.length, out, 0, out.length, Date.now())
    expect(count).toBe(200_000)
    const batch = out.subarray(0, bytes)
    stampBatch(batch, NOBODY, -1)
    await withCluster(sharedBrokers(), async (cluster) => {
      const connections = cluster.connections()
      const leader = await cluster.leaderOf(topic, 0)
      const [produced] = await connections.send(leader, produce([{ topic, partition: 0, batch }], null, 10_000))
      check(produced!.errorCode, 'Produce')
      await connections.close()
    })
    const reader = log.reader({ topic, partition: 0, from: 123 })
    const read = await collect(reader, 200_000 - 123)
    reader.close()
    expect(read.every(({ offset, value }) => value!.toString() === `${offset}`)).toBe(true)
    expect(reader.position).toBe(200_000)
  }, 60_000)
})
