import { type Log, LogError, type Logger } from '@quorate/log'
import { openKafkaLog } from '@quorate/log/kafka'
import { type BrokerCluster, describeOwnKafka, startBroker, unique } from '../../../../test/broker'
import { Last, TestDriver } from '../../testing'
import { topologyOf } from '../streams.conformance'

describeOwnKafka('a partition that was quiet until the brokers forgot its writers', () => {
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

  it('takes the next broadcast and the next record, and nobody notices', async () => {
    const said: string[] = []
    const say = (_fields: object, text: string): void => void said.push(text)
    const logger: Logger = { debug: () => undefined, info: () => undefined, warn: say, error: say }
    const topology = topologyOf(unique('quiet'), 2)
    const driver = await TestDriver.open({ topology, processor: () => new Last(), log, logger, startAt: Date.now() })
    const streams = await driver.start()
    await driver.pipe({ key: 'k', value: 'first' })
    await driver.settle()
    await forgotten(log)
    expect(await streams.broadcast({ key: 'all', value: 'second' })).toHaveLength(2)
    await driver.settle()
    await forgotten(log)
    await driver.pipe({ key: 'k', value: 'third' })
    await driver.settle()
    const { partition } = { partition: streams.partitionOf('k') }
    expect(driver.task(partition).table('sums').get('k')?.toString()).toBe('third')
    expect(said).toEqual([])
    expect(streams.conditions.all()).toEqual([])
    await driver.close()
  }, 60_000)
})

/** Resolves when an identity that is as old as those made before has been forgotten. */
async function forgotten(log: Log): Promise<void> {
  const probe = await log.fence(unique('probe'))
  for (;;) {
    const error = await probe.commit({ records: [] }).catch((refused: unknown) => refused)
    if (LogError.is(error, 'LOG_IDENTITY_EXPIRED')) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
