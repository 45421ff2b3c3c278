import { LogError } from '@quorate/log'
import { type EmbeddedLog, openEmbeddedLog } from '@quorate/log/embedded'
import { type HangingCall, type HangingLog, hangingLog, Last, TestDriver } from '../../testing'
import { topologyOf } from '../streams.conformance'

describe('a stop while the log does not answer', () => {
  const topology = topologyOf('closing', 1)
  const identity = `${topology.group}.0`
  let embedded: EmbeddedLog
  let hanging: HangingLog
  let driver: TestDriver

  beforeEach(async () => {
    embedded = await openEmbeddedLog({ memory: true })
    hanging = hangingLog(embedded)
    driver = await TestDriver.open({ topology, processor: () => new Last(), log: hanging.log })
  })
  afterEach(async () => {
    await hanging.release()
    await driver.close()
    await embedded.close()
  })

  /** A new instance goes on from there, and nothing was lost. */
  const expectGoingOn = async (): Promise<void> => {
    await hanging.release()
    await driver.start()
    await driver.settle()
    expect(driver.task(0).table('sums').get('k')?.toString()).toBe('2')
  }

  it.each<[HangingCall, string]>([
    ['fence', identity],
    ['describeTopic', topology.changelog],
    ['offsets', topology.changelog],
    ['offsets', topology.source],
    ['commit', identity],
  ])('does not wait for its %s of %s', async (call, of) => {
    await driver.start()
    await driver.pipe({ key: 'k', value: '1' })
    await driver.settle()
    const hangs = hanging.hang(call, of)
    if (call !== 'commit') hanging.failCommit(new LogError('LOG_UNAVAILABLE', 'the brokers are away'))
    await embedded.append([{ topic: topology.source, partition: 0, key: 'k', value: '2' }])
    await hangs
    await driver.stop()
    await expectGoingOn()
  })

  it('does not wait for what a standby asks', async () => {
    await driver.start('a')
    const hangs = hanging.hang('offsets', topology.changelog)
    await driver.start('b')
    await hangs
    expect(driver.streams('b').standby(0)!.readable).toBe(false)
    await driver.stop('b')
    expect(driver.streams('a').ready).toBe(true)
  })

  it.each([
    ['a task', identity],
    ['the writer of broadcasts', `${topology.group}.broadcast`],
  ])('gives back the fence of %s that comes late', async (_, id) => {
    const hangs = hanging.hang('fence', id)
    const starting = driver.start()
    void starting.catch(() => undefined)
    await hangs
    await driver.stop()
    expect(hanging.closed).not.toContain(id)
    await hanging.release()
    expect(hanging.closed).toContain(id)
  })
})
