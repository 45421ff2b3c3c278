import type { Log, Logger } from '@quorate/log'
import { openKafkaLog } from '@quorate/log/kafka'
import { describeKafka, sharedBrokers, unique } from '../../../../test/broker'
import { compressedBatch, recordBytes } from '../../../log/kafka/testing/batches'
import { produceBatch } from '../../../log/kafka/testing/produce-batch'
import { Last, TestDriver } from '../../testing'
import { topologyOf } from '../streams.conformance'

jest.setTimeout(60_000)

const BOMB = compressedBatch('zstd', recordBytes([{ key: 'sums/k', value: Buffer.alloc(150_000_000) }]), { count: 1 })

describeKafka('a damaged batch in a changelog', () => {
  let log: Log
  beforeAll(async () => {
    log = await openKafkaLog({ brokers: sharedBrokers(), clientId: 'damaged' })
  })
  afterAll(() => log.close())

  it('that this program did not write is passed over, by a restore and by a standby, and said', async () => {
    const said: string[] = []
    const nothing = (): void => undefined
    const logger: Logger = {
      debug: nothing,
      info: nothing,
      warn: nothing,
      error: (fields) => void said.push(String((fields as { reason?: string }).reason)),
    }
    const topology = topologyOf(unique('damaged'), 1)
    const driver = await TestDriver.open({ topology, processor: () => new Last(), log, logger, heartbeatMs: 200 })
    await driver.start('a')
    await driver.start('b')
    await driver.pipe({ key: 'k', value: 'first' })
    await driver.settle()
    await produceBatch(sharedBrokers(), topology.changelog, 0, BOMB)
    await driver.pipe({ key: 'l', value: 'second' })
    await driver.settle()
    const standby = await driver.standby(0)
    await standby.reached(driver.task(0).position - 1, 20_000)
    expect(['k', 'l'].map((key) => standby.table('sums').get(key)?.toString())).toEqual(['first', 'second'])
    expect(said).toHaveLength(1)
    await driver.stop('a')
    await driver.stop('b')
    driver.loseDisk('a')
    driver.loseDisk('b')
    await driver.start('a')
    expect(['k', 'l'].map((key) => driver.task(0).table('sums').get(key)?.toString())).toEqual(['first', 'second'])
    expect(said).toHaveLength(2)
    expect(said[1]).toMatch(/inflates to more than 134217728 bytes/)
    await driver.close()
  })
})
