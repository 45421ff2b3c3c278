import { type EmbeddedLog, openEmbeddedLog } from '@quorate/log/embedded'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Last, TestDriver } from '../../testing'
import { conditionOf, describeOtherSource } from './other-source.conformance'
import { topologyOf } from '../streams.conformance'

jest.setTimeout(60_000)

describe('on the embedded log', () => {
  describeOtherSource(
    () => openEmbeddedLog({ memory: true }),
    (log, topic) => (log as EmbeddedLog).deleteTopic(topic),
  )
})

describe('a data directory whose log was exchanged while the stores remain', () => {
  let dir: string
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'exchanged-'))))
  afterEach(() => rmSync(dir, { recursive: true, force: true }))
  const topology = topologyOf('exchanged', 1)
  const place = (): string => join(dir, 'log')
  const opened = async () => {
    const log = await openEmbeddedLog({ dir: place() })
    const driver = await TestDriver.open({ topology, processor: () => new Last(), log, root: join(dir, 'stores') })
    return { log, driver }
  }
  const run = async (act: (driver: TestDriver) => Promise<void>): Promise<void> => {
    const { log, driver } = await opened()
    await act(driver)
    await driver.stop()
    await log.close()
  }
  const applied = async (driver: TestDriver, ...keys: string[]): Promise<void> => {
    await driver.pipe(...keys.map((key) => ({ key, value: key })))
    await driver.settle()
  }
  const keysOf = (driver: TestDriver): string[] => [...driver.task(0).table('sums').range()].map(({ key }) => key)

  it('by nothing: says what was applied of the log that is gone, and begins again when an operator says so', async () => {
    await run(async (driver) => {
      await driver.start()
      await applied(driver, 'a', 'b')
    })
    rmSync(place(), { recursive: true })
    await run(async (driver) => {
      const streams = await driver.begin()
      expect(await conditionOf(streams, 'STREAMS_SOURCE_REPLACED')).toMatch(/2 was applied/)
      expect(streams.ready).toBe(false)
      expect(streams.acknowledgeSource(0)).toBe(true)
      await applied(driver, 'c')
      expect(keysOf(driver)).toEqual(['c'])
    })
    await run(async (driver) => void (await driver.start()))
  })

  it('by nothing: begins again at once where the start names the topic', async () => {
    await run(async (driver) => {
      await driver.start()
      await applied(driver, 'a')
    })
    rmSync(place(), { recursive: true })
    const log = await openEmbeddedLog({ dir: place() })
    await log.ensureTopics(topology.topics)
    const { id } = (await log.describeTopic(topology.source))!
    const options = { topology, processor: () => new Last(), log, root: join(dir, 'stores') }
    const driver = await TestDriver.open({ ...options, acknowledgedSource: `another, ${id}` })
    await driver.start()
    await applied(driver, 'c')
    expect(keysOf(driver)).toEqual(['c'])
    await driver.stop()
    await log.close()
  })

  it('by an older copy: says what is missing, and goes on from the copy when an operator says so', async () => {
    await run(async (driver) => {
      await driver.start()
      await applied(driver, 'a')
    })
    cpSync(place(), join(dir, 'copy'), { recursive: true })
    await run(async (driver) => {
      await driver.start()
      await applied(driver, 'b', 'c', 'd')
    })
    rmSync(place(), { recursive: true })
    cpSync(join(dir, 'copy'), place(), { recursive: true })
    await run(async (driver) => {
      const streams = await driver.begin()
      expect(await conditionOf(streams, 'STREAMS_SOURCE_TRUNCATED')).toMatch(/4 was applied, but from 1 on/)
      expect(streams.acknowledgeSource(0)).toBe(true)
      await applied(driver, 'e')
      expect(keysOf(driver)).toEqual(['a', 'e'])
    })
  })
})
