import { describeOrdered, sharedBrokers, unique } from '../../../test/broker'
import type { Log } from '../src'
import { collect, readTo } from '../testing'
import { openKafkaLog } from '.'
import type { Cluster } from './cluster'
import type { Connections } from './connections'
import { RawTransaction } from './testing/raw-transaction'
import { withCluster } from './testing/admin'

describeOrdered('aborted and open transactions', () => {
  let log: Log
  let topic: string

  beforeAll(async () => {
    log = await openKafkaLog({ brokers: sharedBrokers(), clientId: 'spec' })
  })
  afterAll(() => log.close())
  beforeEach(async () => {
    topic = unique('topic')
    await log.ensureTopics([{ name: topic, partitions: 1, cleanupPolicy: 'delete', timestampType: 'CreateTime' }])
  })

  const withTransactions = (act: (begin: () => Promise<RawTransaction>) => Promise<void>) =>
    withCluster(sharedBrokers(), async (cluster: Cluster) => {
      const connections: Connections = cluster.connections()
      await act(() => RawTransaction.begin(cluster, connections, unique('raw')))
      await connections.close()
    })
  const values = async (from = 0) => (await readTo(log, topic, 0, from)).map(({ value }) => value!.toString())

  /** The coordinator writes its markers after it has answered the end: readers reach the offset once they are there. */
  const readable = async (offset: number): Promise<void> => {
    const reader = log.reader({ topic, partition: 0, from: 0 })
    while (reader.position <= offset) await reader.next()
    reader.close()
  }

  it('that interleave are told apart, from whatever offset they are read', async () => {
    let plain = -1
    await withTransactions(async (begin) => {
      const [a, b, c] = [await begin(), await begin(), await begin()]
      await a.write(topic, 0, 'a0')
      await c.write(topic, 0, 'c1')
      await b.write(topic, 0, 'b2', 'b3')
      await a.write(topic, 0, Buffer.alloc(4), 'a5') // a key and value that look like an abort marker's key
      await b.end(false)
      await c.write(topic, 0, 'c7')
      await a.end(false)
      await c.end(true)
      const [position] = await log.append([{ topic, partition: 0, key: null, value: 'plain' }])
      plain = position!.offset
    })
    await readable(plain)
    expect(await values()).toEqual(['c1', 'c7', 'plain'])
    for (const from of [1, 2, 3, 4, 5]) expect(await values(from)).toEqual([...(from < 2 ? ['c1'] : []), 'c7', 'plain'])
    // Where the markers lie between them is the coordinator's affair; `c7` is the eighth record at the latest.
    for (let from = 8; from <= plain; from++) expect(await values(from)).toEqual(['plain'])
  })

  it('hold readers, and the stable end, before the first open one', async () => {
    await withTransactions(async (begin) => {
      const open = await begin()
      await log.append([{ topic, partition: 0, key: null, value: 'before' }])
      await open.write(topic, 0, 'open')
      await log.append([{ topic, partition: 0, key: null, value: 'after' }])
      const reader = log.reader({ topic, partition: 0, from: 0 })
      expect((await collect(reader, 1)).map(({ value }) => value!.toString())).toEqual(['before'])
      expect(await reader.next(300)).toMatchObject({ records: [], next: 1, end: 1 })
      expect(await log.offsets(topic)).toEqual([{ partition: 0, start: 0, end: 1 }])
      await open.end(true)
      expect((await collect(reader, 2)).map(({ value }) => value!.toString())).toEqual(['open', 'after'])
      reader.close()
    })
  })

  it('move the position of a reader although it sees nothing of them', async () => {
    await withTransactions(async (begin) => {
      const aborted = await begin()
      await aborted.write(topic, 0, 'gone', 'gone too')
      const reader = log.reader({ topic, partition: 0, from: 0 })
      const waiting = reader.next(10_000)
      await aborted.end(false)
      expect(await waiting).toMatchObject({ records: [], next: 3, end: 3 })
      reader.close()
    })
  })
})
