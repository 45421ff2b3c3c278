import { describeOwnKafka, startBroker, unique, type BrokerCluster } from '../../../test/broker'
import type { Log } from '../src'
import { records } from '../testing'
import { refusal } from '../testing/subject'
import { openKafkaLog } from '.'
import { administrate } from './testing/admin'

describeOwnKafka('a topic whose partitions have no leader', () => {
  let broker: BrokerCluster
  let log: Log
  beforeAll(async () => {
    broker = await startBroker({
      nodes: 3,
      config: { 'broker.session.timeout.ms': 3000, 'broker.heartbeat.interval.ms': 500 },
    })
    log = await openKafkaLog({
      brokers: broker.brokers,
      clientId: 'spec',
      appendTimeoutMs: 4_000,
      retryTimeoutMs: 4_000,
    })
  }, 120_000)
  afterAll(async () => {
    await log?.close()
    await broker?.stop()
  })

  it('is out of reach, however many write to it at once; that it is there is not in doubt', async () => {
    const topic = unique('topic')
    const on = 3
    await administrate([...broker.brokers], (admin) =>
      admin.createTopics({
        topics: [{ topic, replicaAssignment: [0, 1, 2, 3].map((partition) => ({ partition, replicas: [on] })) }],
      }),
    )
    await log.append(records(topic, 0, [0]))
    await broker.kill(on)
    // Written until the controller has noticed, and then some.
    for (let round = 0; round < 3; round++) {
      const writes = Array.from({ length: 32 }, (_, i) => log.append(records(topic, i % 4, [i])))
      await Promise.all(writes.map((write) => refusal(write, 'LOG_UNAVAILABLE', 'LOG_OUTCOME_UNKNOWN')))
    }
    await Promise.all(Array.from({ length: 8 }, () => refusal(log.offsets(topic), 'LOG_UNAVAILABLE')))
    await broker.restart(on)
    await log.append(records(topic, 1, [1]))
  }, 120_000)
})
