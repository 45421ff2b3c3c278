import { setTimeout as delay } from 'node:timers/promises'
import { describeOwnKafka, startBroker, unique, type BrokerCluster } from '../../../test/broker'
import type { Log, LogRecord } from '../src'
import { openKafkaLog } from '.'
import { fetch } from './requests/fetch'
import { administrate, withCluster } from './testing/admin'
import { BATCH, LENGTH_FROM } from './wire/batch-layout'
import { readInt64 } from './wire/int64'

const SEGMENT_MS = 100
const KEYS = 10

describeOwnKafka('what compaction leaves', () => {
  let broker: BrokerCluster
  let log: Log
  beforeAll(async () => {
    broker = await startBroker({ config: { 'log.cleaner.backoff.ms': 50 } })
    log = await openKafkaLog({ brokers: broker.brokers, clientId: 'spec' })
  }, 120_000)
  afterAll(async () => {
    await log?.close()
    await broker?.stop()
  })

  /** Everything from the start to the end of a partition; rejects if the reader stops before it. */
  async function readThrough(topic: string): Promise<LogRecord[]> {
    const { end } = (await log.offsets(topic))[0]!
    const reader = log.reader({ topic, partition: 0, from: 0 })
    const records: LogRecord[] = []
    const deadline = Date.now() + 20_000
    while (reader.position < end) {
      if (Date.now() > deadline) throw new Error(`stuck at ${reader.position} of ${end}`)
      records.push(...(await reader.next()).records)
    }
    reader.close()
    return records
  }

  /** [first offset, records left] of each batch in the partition, emptied ones too. */
  const batches = (topic: string) =>
    withCluster([...broker.brokers], async (cluster) => {
      const found: [number, number][] = []
      const { end } = (await log.offsets(topic))[0]!
      for (let from = 0; from < end;) {
        const { node, topicId, epoch: leaderEpoch } = await cluster.leadershipOf(topic, 0)
        const wanted = { topicId, partition: 0, from, leaderEpoch, lastEpoch: -1, maxBytes: 1 << 20 }
        const { partitions } = await cluster.askNode(node, fetch([wanted], 100, 1 << 20))
        const bytes = partitions[0]!.batches
        for (let at = 0; at < bytes.length; at += LENGTH_FROM + bytes.readInt32BE(at + BATCH.length)) {
          found.push([readInt64(bytes, at), bytes.readInt32BE(at + BATCH.count)])
          from = readInt64(bytes, at) + bytes.readInt32BE(at + BATCH.lastOffsetDelta) + 1
        }
      }
      return found
    })

  it('is read to its end: holes within batches, and emptied batches at the end of a segment', async () => {
    const topic = unique('compacted')
    const configEntries = Object.entries({
      'cleanup.policy': 'compact',
      'segment.ms': `${SEGMENT_MS}`,
      'min.cleanable.dirty.ratio': '0.001',
      'max.compaction.lag.ms': '500',
    }).map(([name, value]) => ({ name, value }))
    await administrate([...broker.brokers], (admin) =>
      admin.createTopics({ topics: [{ topic, numPartitions: 1, configEntries }] }),
    )
    const round = (i: number) =>
      Array.from({ length: KEYS }, (_, k) => ({ topic, partition: 0, key: `k${k}`, value: `${i}` }))

    // Segments roll when an append finds them older than segment.ms: time has to pass between the rounds.
    await log.append([...round(0), { topic, partition: 0, key: 'kept', value: 'first' }])
    const passerBy = await openKafkaLog({ brokers: broker.brokers, clientId: 'spec' })
    await passerBy.append([{ topic, partition: 0, key: 'k0', value: 'by the way' }]) // its last batch stays, emptied
    await passerBy.close()
    for (let i = 1; i <= 5; i++) {
      await delay(SEGMENT_MS + 20)
      await log.append(round(i))
    }

    const deadline = Date.now() + 40_000
    await readThrough(topic)
    while (!(await batches(topic)).some(([, count]) => count === 0)) {
      if (Date.now() > deadline) throw new Error(`not compacted: ${JSON.stringify(await batches(topic))}`)
      await delay(200)
      await readThrough(topic)
    }
    const records = await readThrough(topic)
    expect(records.length).toBeLessThan(6 * KEYS + 2)
    expect(records[0]).toMatchObject({ offset: KEYS, key: Buffer.from('kept') })
    const latest = new Map(records.map(({ key, value }) => [key!.toString(), value!.toString()]))
    expect(latest).toEqual(new Map([['kept', 'first'], ...round(5).map(({ key, value }) => [key, value] as const)]))
  }, 90_000)
})
