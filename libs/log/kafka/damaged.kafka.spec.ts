import { describeKafka, sharedBrokers, unique } from '../../../test/broker'
import type { Log, LogRecord } from '../src'
import { readTo, records } from '../testing'
import { openKafkaLog } from '.'
import { compressedBatch, recordBytes } from './testing/batches'
import { produceBatch } from './testing/produce-batch'

/** One record of zeros: a few kilobytes in the log. */
const zeros = (codec: 'gzip' | 'lz4' | 'zstd', bytes: number): Buffer =>
  compressedBatch(codec, recordBytes([{ key: 'bomb', value: Buffer.alloc(bytes) }]), { count: 1 })

describeKafka('batches that inflate far', () => {
  let log: Log
  beforeAll(async () => {
    log = await openKafkaLog({ brokers: sharedBrokers(), clientId: 'spec' })
  })
  afterAll(() => log.close())

  const topicOf = async (word: string, partitions = 1): Promise<string> => {
    const name = unique(word)
    await log.ensureTopics([{ name, partitions, cleanupPolicy: 'delete', timestampType: 'LogAppendTime' }])
    return name
  }

  it.each(['gzip', 'lz4', 'zstd'] as const)(
    'beyond the bound are passed over (%s), with everything around them read, and memory stays bounded',
    async (codec) => {
      const topic = await topicOf('bomb')
      await log.append(records(topic, 0, [0]))
      // More than that of lz4, its ratio is 255 at most, would not fit in the topic.
      await produceBatch(sharedBrokers(), topic, 0, zeros(codec, codec === 'lz4' ? 200_000_000 : 300_000_000))
      await log.append(records(topic, 0, [2]))
      global.gc?.()
      const before = process.memoryUsage().rss
      let most = 0
      const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().rss - before)), 1)
      const read = await readTo(log, topic, 0)
      clearInterval(watch)
      expect(read.map(({ offset, damaged }) => [offset, damaged?.reason])).toEqual([
        [0, undefined],
        [1, `it inflates to more than ${128 << 20} bytes`],
        [2, undefined],
      ])
      expect(read[1]!.damaged).toMatchObject({ first: 1, last: 1, codec, count: 1, transactional: false })
      expect(read[1]!.timestamp).toBeGreaterThan(1_700_000_000_000)
      expect(most).toBeLessThan(300_000_000)
    },
    120_000,
  )

  it('as honest ones do are read: 100 MB of reports in less than a megabyte', async () => {
    const topic = await topicOf('honest')
    const value = Buffer.from(
      JSON.stringify({ agent: 'probe', state: 'up', evidence: { rtt: 12, path: 'a/b/c/'.repeat(150) } }),
    )
    const count = 100_000
    const batch = compressedBatch(
      'zstd',
      recordBytes(Array.from({ length: count }, (_, i) => ({ key: `o/${i}`, value }))),
      { count },
    )
    expect(batch.length).toBeLessThan(1 << 20)
    await produceBatch(sharedBrokers(), topic, 0, batch)
    const reader = log.reader({ topic, partition: 0, from: 0 })
    let [seen, bytes] = [0, 0]
    while (seen < count) {
      for (const record of (await reader.next()).records) {
        expect(record.key!.toString()).toBe(`o/${seen++}`)
        bytes += record.value!.length
      }
    }
    reader.close()
    expect(bytes).toBeGreaterThan(90_000_000)
  }, 120_000)

  it('take turns: readers of several partitions all go on, also when one of them has stopped asking', async () => {
    const topic = await topicOf('turns', 4)
    for (let partition = 0; partition < 4; partition++) {
      await produceBatch(sharedBrokers(), topic, partition, zeros('zstd', 30_000_000))
      await log.append(records(topic, partition, [1]))
    }
    const slow = log.reader({ topic, partition: 0, from: 0 })
    const held = await slow.next(10_000)
    expect(held.records[0]!.value).toHaveLength(30_000_000)
    const read = Promise.all([1, 2, 3].map((partition) => readTo(log, topic, partition)))
    const first = (await slow.next()).records // gives its turn back
    const others: LogRecord[][] = await read
    expect([...held.records, ...first].map(({ offset }) => offset)).toEqual([0, 1])
    for (const each of others) expect(each.map(({ value }) => value!.length > 1)).toEqual([true, expect.any(Boolean)])
    slow.close()
  }, 120_000)
})
