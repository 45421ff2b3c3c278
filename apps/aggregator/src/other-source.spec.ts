import { type EmbeddedLog, openEmbeddedLog } from '@quorate/log/embedded'
import { TestDriver } from '@quorate/streams/testing'
import { aggregatorTopology, ObjectReader, VoteProcessor } from '@quorate/engine/core'

jest.setTimeout(60_000)

const topology = aggregatorTopology({ prefix: 'other', applicationId: 'aggregator', partitions: 1 })
let log: EmbeddedLog
let driver: TestDriver

beforeEach(async () => {
  log = await openEmbeddedLog({ memory: true })
  driver = await TestDriver.open({ topology, processor: () => new VoteProcessor({ source: '/other/aggregator' }), log })
})
afterEach(async () => {
  await driver.close()
  await log.close()
})

const report = (key: string, agent: string, state: string) => ({ key, value: JSON.stringify({ agent, state }) })
const remove = (key: string) => ({ key, value: null, headers: [['ce_type', 'object-deleted'] as const] })
const view = (id: string) => {
  const task = driver.task(0)
  const [reader, tables] = [new ObjectReader(), (name: string) => task.table(name)]
  const read = reader.read(tables, id)
  return read === undefined ? undefined : reader.view(read)
}

async function replaceSource(...topics: readonly string[]): Promise<void> {
  await driver.stop()
  for (const topic of [topology.source, ...topics]) {
    await log.deleteTopic(topic)
    while (await log.describeTopic(topic)) await new Promise(setImmediate)
  }
  await log.ensureTopics(topology.topics)
  const streams = await driver.begin()
  while (!streams.acknowledgeSource(0)) await new Promise((done) => setTimeout(done, 20))
}

describe('a source that was created again and acknowledged', () => {
  it('leads to greater incarnations than before, time after time, and objects that stayed go on', async () => {
    await driver.start()
    await driver.pipe(...Array.from({ length: 20 }, (_, i) => report('kept', 'a', i % 2 === 0 ? 'up' : 'down')))
    await driver.pipe(report('gone', 'a', 'up'))
    await driver.settle()
    const [gone, kept] = [view('gone')!, view('kept')!]
    await driver.pipe(remove('gone'))
    await driver.settle()
    expect(view('gone')).toBeUndefined()

    let last = gone.incarnation
    for (let round = 1; round <= 2; round++) {
      await replaceSource()
      await driver.pipe(report('gone', 'a', 'down'), report('kept', 'a', round === 1 ? 'odd' : 'even'))
      await driver.settle()
      expect(view('gone')!.incarnation).toBeGreaterThan(last)
      last = view('gone')!.incarnation
      await driver.pipe(remove('gone'))
      await driver.settle()
    }
    expect(view('kept')).toMatchObject({ incarnation: kept.incarnation, state: 'even' })
    expect(view('kept')!.version).toBeGreaterThan(kept.version)
    // Kept over a restart.
    await driver.stop()
    await driver.start()
    await driver.pipe(report('gone', 'a', 'down'))
    await driver.settle()
    expect(view('gone')!.incarnation).toBeGreaterThan(last)
  })

  it('does so where the changelog is gone with it, and nothing is known any more', async () => {
    await driver.start()
    await driver.pipe(...Array.from({ length: 9 }, () => report('x', 'a', 'up')), remove('x'), report('x', 'a', 'up'))
    await driver.settle()
    const before = view('x')!.incarnation
    await replaceSource(topology.changelog)
    await driver.pipe(report('x', 'a', 'up'))
    await driver.settle()
    expect(view('x')!.incarnation).toBeGreaterThan(before)
  })
})
