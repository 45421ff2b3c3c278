import type { Log } from '@quorate/log'
import { openKafkaLog } from '@quorate/log/kafka'
import { describeOrdered, sharedBrokers, unique } from '../../../../test/broker'
import { withCluster } from '../../../log/kafka/testing/admin'
import { RawTransaction } from '../../../log/kafka/testing/raw-transaction'
import { Last, TestDriver } from '../../testing'
import { topologyOf } from '../streams.conformance'

jest.setTimeout(30_000)

describeOrdered('a standby on Kafka', () => {
  let log: Log
  beforeAll(async () => {
    log = await openKafkaLog({ brokers: sharedBrokers(), clientId: 'standby' })
  })
  afterAll(() => log.close())

  it('never holds what was not committed', async () => {
    const topology = topologyOf(unique('standby'), 1)
    const driver = await TestDriver.open({ topology, processor: () => new Last(), log, heartbeatMs: 200 })
    await driver.start('a')
    await driver.start('b')
    await driver.pipe({ key: 'k', value: 'first' })
    await driver.settle()
    const standby = await driver.standby(0)
    await standby.reached(driver.task(0).position - 1, 10_000)
    const has = (key: string): string | undefined => standby.table('sums').get(key)?.toString()
    expect(has('k')).toBe('first')

    await withCluster(sharedBrokers(), async (cluster) => {
      const connections = cluster.connections()
      const stray = await RawTransaction.begin(cluster, connections, unique('stray'))
      await stray.write(topology.changelog, 0, 'sums/stray', 'sums/k')
      await driver.pipe({ key: 'k', value: 'second' })
      await driver.settle()
      // Committed behind it, but not stable yet: what was committed before is all that is there.
      await expect(standby.reached(driver.task(0).position - 1, 1_000)).rejects.toMatchObject({
        code: 'STREAMS_TIMEOUT',
      })
      expect([has('k'), has('stray')]).toEqual(['first', undefined])
      await stray.end(false)
      await connections.close()
    })
    await standby.reached(driver.task(0).position - 1, 10_000)
    expect([has('k'), has('stray')]).toEqual(['second', undefined])
    await driver.close()
  })
})
