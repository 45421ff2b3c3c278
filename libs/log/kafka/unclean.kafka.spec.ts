import { describeOwnKafka, unique, type BrokerCluster } from '../../../test/broker'
import type { Log } from '../src'
import { records } from '../testing'
import { refusal } from '../testing/subject'
import { openKafkaLog } from '.'
import { loseTail, makeUnclean, startUncleanBroker } from './testing/unclean'

describeOwnKafka('a partition whose new leader lacks what was read', () => {
  let broker: BrokerCluster
  let log: Log
  beforeAll(async () => {
    broker = await startUncleanBroker()
    log = await openKafkaLog({ brokers: broker.brokers, clientId: 'spec', appendTimeoutMs: 60_000 })
  }, 120_000)
  afterAll(async () => {
    await log?.close()
    await broker?.stop()
  })

  it('is not read on: the reader says from where on it is another, also one that begins later', async () => {
    const topic = unique('unclean')
    await makeUnclean(broker, topic)
    await log.append(records(topic, 0, numbers(20)))
    const reader = log.reader({ topic, partition: 0, from: 0 })
    let at = { next: 0, epoch: undefined as number | undefined, topicId: undefined as string | undefined }
    const readTo = async (end: number) => {
      while (at.next < end) at = (await reader.next(10_000)) as typeof at
    }
    await readTo(20)
    await loseTail(broker, topic, async () => {
      await log.append(records(topic, 0, numbers(50)))
      await readTo(70)
    })
    // More than had been read: offsets alone say nothing.
    await log.append(records(topic, 0, numbers(100)))
    const error = await refusal(
      (async () => {
        for (;;) await reader.next(1_000)
      })(),
      'LOG_TRUNCATED',
    )
    expect(error.range).toEqual({ start: 20, end: 70 })
    reader.close()
    const later = log.reader({ topic, partition: 0, from: at.next, topicId: at.topicId, epoch: at.epoch })
    expect((await refusal(later.next(10_000), 'LOG_TRUNCATED')).range).toEqual({ start: 20, end: 70 })
    later.close()
    expect(await log.divergence(topic, 0, at.next, at.epoch!)).toBe(20)
  }, 180_000)
})

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i)
