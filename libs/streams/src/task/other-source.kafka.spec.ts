import type { Log } from '@quorate/log'
import { openKafkaLog } from '@quorate/log/kafka'
import {
  type BrokerCluster,
  describeKafka,
  describeOwnKafka,
  sharedBrokers,
  startBroker,
  unique,
} from '../../../../test/broker'
import { administrate } from '../../../log/kafka/testing/admin'
import { loseTail, makeUnclean } from '../../../log/kafka/testing/unclean'
import { Last, TestDriver } from '../../testing'
import { conditionOf, describeOtherSource } from './other-source.conformance'
import { topologyOf } from '../streams.conformance'

jest.setTimeout(60_000)

describeKafka('on Kafka', () => {
  describeOtherSource(
    () => openKafkaLog({ brokers: sharedBrokers(), clientId: 'other-source' }),
    (_log, topic) => administrate([...sharedBrokers()], (admin) => admin.deleteTopics({ topics: [topic] })),
  )
})

describeOwnKafka('a source whose new leader lacks what was applied', () => {
  let broker: BrokerCluster
  let log: Log
  beforeAll(async () => {
    broker = await startBroker({
      nodes: 3,
      config: {
        'broker.session.timeout.ms': 3000,
        'broker.heartbeat.interval.ms': 500,
        'replica.lag.time.max.ms': 1500,
      },
    })
    log = await openKafkaLog({ brokers: broker.brokers, clientId: 'spec', appendTimeoutMs: 60_000 })
  }, 120_000)
  afterAll(async () => {
    await log?.close()
    await broker?.stop()
  })

  it('stops the partition, which says from where on, and goes on from there when an operator says so', async () => {
    const topology = topologyOf(unique('lost'), 1)
    await makeUnclean(broker, topology.source)
    const driver = await TestDriver.open({ topology, processor: () => new Last(), log })
    const streams = await driver.start()
    const pipe = (word: string, count: number) =>
      driver.pipe(...Array.from({ length: count }, (_, i) => ({ key: `${word}${i}`, value: word })))
    await pipe('kept', 10)
    await driver.settle()
    await loseTail(broker, topology.source, async () => {
      await pipe('lost', 10)
      await driver.settle()
    })
    await pipe('after', 30)
    expect(await conditionOf(streams, 'STREAMS_SOURCE_TRUNCATED')).toMatch(/20 was applied, but from 10 on/)
    expect(streams.ready).toBe(false)
    expect(streams.acknowledgeSource(0)).toBe(true)
    await driver.settle()
    const count = (word: string) =>
      [...driver.task(0).table('sums').range()].filter(({ key }) => key.startsWith(word)).length
    // Nothing that the source holds is left out; what was applied stays.
    expect([count('kept'), count('lost'), count('after')]).toEqual([10, 10, 30])
    await driver.close()
  }, 180_000)
})
