import { openEmbeddedLog } from '@quorate/log/embedded'
import { setTimeout } from 'node:timers/promises'
import { hangingLog, Last, TestDriver } from '../../testing'
import { topologyOf } from '../streams.conformance'

describe('a standby that does not hear of the source', () => {
  it('does not know its lag, and still shows what it has', async () => {
    const topology = topologyOf('unheard', 1)
    const embedded = await openEmbeddedLog({ memory: true })
    const hanging = hangingLog(embedded)
    const driver = await TestDriver.open({ topology, processor: () => new Last(), log: hanging.log })
    await driver.start('a')
    await driver.start('b')
    await driver.pipe({ key: 'k', value: '1' })
    await driver.settle()
    const standby = await driver.standby(0)
    await standby.reached(driver.task(0).position - 1, 5_000)
    expect(standby.lag).toBe(0)

    await hanging.hang('offsets', topology.source)
    while (standby.lag === 0) await setTimeout(50)
    expect([standby.lag, standby.readable]).toEqual([Infinity, true])
    expect(standby.table('sums').get('k')?.toString()).toBe('1')

    await hanging.release()
    while (standby.lag !== 0) await setTimeout(50)
    await driver.close()
    await embedded.close()
  }, 15_000)
})

it('a standby leaves out what is no row of its table: the key keeps what it had', async () => {
  const topology = topologyOf('foreign', 1)
  const tables = topology.tables.map((spec) => ({
    ...spec,
    fits: (_: string, value: Buffer) => value.toString() !== 'rubbish',
  }))
  const driver = await TestDriver.open({ topology: { ...topology, tables }, processor: () => new Last() })
  await driver.start('a')
  await driver.start('b')
  await driver.pipe({ key: 'k', value: '1' })
  await driver.settle()
  const standby = await driver.standby(0)
  await driver.log.append([{ topic: topology.changelog, partition: 0, key: 'sums/k', value: 'rubbish' }])
  await driver.pipe({ key: 'other', value: '2' })
  await driver.settle()
  await standby.reached(driver.task(0).position - 1, 5_000)
  expect(standby.table('sums').get('k')?.toString()).toBe('1')
  expect(standby.table('sums').get('other')?.toString()).toBe('2')
  await driver.close()
}, 15_000)
