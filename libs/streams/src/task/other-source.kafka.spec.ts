import { type Log, silentLogger } from '@quorate/log'
import { openKafkaLog } from '@quorate/log/kafka'
import { type BrokerCluster, describeKafka, describeOwnKafka, sharedBrokers, unique } from '../../../../test/broker'
import { administrate } from '../../../log/kafka/testing/admin'
import { AHEAD, loseTail, makeUnclean, startUncleanBroker } from '../../../log/kafka/testing/unclean'
import { KeyValueTable } from '@quorate/state-store'
import { Last, TestDriver } from '../../testing'
import { conditionOf, describeOtherSource } from './other-source.conformance'
import { Conditions } from '../conditions'
import { settingsCondition } from '../faults/settings-condition'
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
    broker = await startUncleanBroker()
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

  it('tells a follower of settings, which keeps what it has read; the next one reads what is left', async () => {
    await broker.restart(AHEAD)
    const topic = unique('settings')
    await makeUnclean(broker, topic, { 'cleanup.policy': 'compact', 'min.compaction.lag.ms': '3600000' })
    const conditions = new Conditions(silentLogger)
    const follow = (onRead: (value: string | undefined) => void = () => undefined) =>
      KeyValueTable.open<string>({
        log,
        topic,
        onChange: ({ value }) => onRead(value),
        onFailure: (failure) => settingsCondition(conditions, topic, failure),
      })
    const table = await follow()
    await table.put('a', 'kept')
    await loseTail(broker, topic, () => table.put('a', 'lost'))
    expect(await conditionOf({ conditions }, 'STREAMS_SETTINGS_UNREAD', /has lost records/)).toMatch(topic)
    expect(table.get('a')).toBe('lost')
    await table.close()
    // The new leader may not know yet how far it may be read, so the record can come after the table is open.
    let onRead: (value: string | undefined) => void = () => undefined
    const first = new Promise((resolve) => (onRead = resolve))
    const next = await follow(onRead)
    expect(await first).toBe('kept')
    await next.put('a', 'after')
    expect(next.get('a')).toBe('after')
    await next.close()
  }, 180_000)
})
