import { describeOwnKafka, startBroker, unique, type BrokerCluster } from '../../../test/broker'
import { LogError, type Log } from '../src'
import { readTo, records } from '../testing'
import { refusal } from '../testing/subject'
import { openKafkaLog } from '.'

describeOwnKafka('an identity that wrote nothing for so long that the brokers forgot it', () => {
  let broker: BrokerCluster
  let log: Log
  beforeAll(async () => {
    broker = await startBroker({
      config: {
        'transactional.id.expiration.ms': 1_000,
        'transaction.remove.expired.transaction.cleanup.interval.ms': 200,
      },
    })
    log = await openKafkaLog({ brokers: broker.brokers, clientId: 'spec' })
  }, 120_000)
  afterAll(async () => {
    await log?.close()
    await broker?.stop()
  })

  it.each(['records', 'records and an offset', 'nothing'])(
    'commits nothing (%s), says so, and writes again once it has fenced',
    async (what) => {
      const topic = unique('topic')
      await log.ensureTopics([{ name: topic, partitions: 1, cleanupPolicy: 'delete', timestampType: 'CreateTime' }])
      const id = unique('id')
      const transactor = await log.fence(id)
      await transactor.commit({ records: records(topic, 0, [0]) })
      await forgotten()
      const source = { group: unique('group'), topic, partition: 0, offset: 1 }
      const transaction =
        what === 'nothing'
          ? { records: [] }
          : { records: records(topic, 0, [1]), ...(what === 'records' ? {} : { source }) }
      await refusal(transactor.commit(transaction), 'LOG_IDENTITY_EXPIRED')
      expect(await readTo(log, topic, 0)).toHaveLength(1)
      const again = await log.fence(id)
      await again.commit(transaction)
      expect(await readTo(log, topic, 0)).toHaveLength(1 + transaction.records.length)
    },
    60_000,
  )

  /** Resolves when an identity that is as old as those made before has been forgotten. */
  async function forgotten(): Promise<void> {
    const probe = await log.fence(unique('probe'))
    for (;;) {
      // An empty commit writes nothing, and asks.
      const error = await probe.commit({ records: [] }).catch((refused: unknown) => refused)
      if (LogError.is(error, 'LOG_IDENTITY_EXPIRED')) return
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
})
