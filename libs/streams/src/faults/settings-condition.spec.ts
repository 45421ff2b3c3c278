import { type EmbeddedLog, openEmbeddedLog } from '@quorate/log/embedded'
import { Last, TestDriver } from '../../testing'
import type { Streams } from '../streams'
import { topologyOf } from '../streams.conformance'

jest.setTimeout(60_000)

const named = async (streams: Streams, code: string, reason = /./) => {
  for (;;) {
    const found = streams.conditions.all().find((it) => it.code === code && reason.test(it.reason))
    if (found) return found
    await new Promise((done) => setTimeout(done, 20))
  }
}

describe('topics that others have touched', () => {
  const base = topologyOf('touched', 1)
  const settings = { name: 'touched.settings', partitions: 1, cleanupPolicy: 'compact', timestampType: 'CreateTime' } as const // prettier-ignore
  const topology = { ...base, settings: settings.name, topics: [...base.topics, settings] }
  let log: EmbeddedLog
  let driver: TestDriver
  beforeEach(async () => {
    log = await openEmbeddedLog({ memory: true })
    driver = await TestDriver.open({ topology, processor: () => new Last(), log })
  })
  afterEach(async () => {
    await driver.close()
    await log.close()
  })
  const pipe = async (...keys: string[]) => {
    await driver.pipe(...keys.map((key) => ({ key, value: key })))
    await driver.settle()
  }
  const rows = () => [...driver.task(0).table('sums').range()].map(({ key }) => key)

  it('settings that were replaced while they are read are named, stop nothing, and are read by the next start', async () => {
    const streams = await driver.start()
    await log.append([{ topic: settings.name, partition: 0, key: 'k', value: '1' }])
    await pipe('a')
    await log.deleteTopic(settings.name)
    await log.ensureTopics([settings])
    await log.append([{ topic: settings.name, partition: 0, key: 'k', value: '2' }])
    const condition = await named(streams, 'STREAMS_SETTINGS_UNREAD', /deleted and created again.*restart the process/)
    expect(condition).toMatchObject({ subject: settings.name, blocks: [] })
    await pipe('b')
    expect([rows(), streams.ready]).toEqual([['a', 'b'], true])
    await driver.stop()
    const again = await driver.start()
    await pipe('c')
    expect(again.conditions.has({ code: 'STREAMS_SETTINGS_UNREAD', subject: settings.name })).toBe(false)
  })

  it.each([
    ['no checkpoint at all', 'rubbish'],
    ['a checkpoint of no offset', '{"source":-1,"time":0}'],
  ])(
    'a changelog that holds nothing but %s is an empty one: the source is read from its beginning',
    async (_, value) => {
      await driver.pipe({ key: 'a', value: 'a' })
      await log.append([{ topic: topology.changelog, partition: 0, key: '@/checkpoint', value }])
      await driver.start()
      await pipe('b')
      expect(rows()).toEqual(['a', 'b'])
    },
  )

  it("a changelog that holds nothing but another program's checkpoint beyond the source is named, and nothing is skipped", async () => {
    await driver.pipe({ key: 'a', value: 'a' })
    const { id } = (await log.describeTopic(topology.source))!
    const value = JSON.stringify({ source: 1_000, time: 5, topic: id })
    await log.append([{ topic: topology.changelog, partition: 0, key: '@/checkpoint', value }])
    const streams = await driver.begin()
    const condition = await named(streams, 'STREAMS_SOURCE_TRUNCATED')
    expect(condition).toMatchObject({ partition: 0, detail: expect.stringMatching(/1000 was applied, but from 1 on/) })
    expect(streams.ready).toBe(false)
  })
})
