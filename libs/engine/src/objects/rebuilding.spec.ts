import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { silentLogger } from '@quorate/log'
import { openEmbeddedLog } from '@quorate/log/embedded'
import { changelogKey, CHECKPOINT_KEY, encodeCheckpoint } from '@quorate/state-store'
import { TestDriver } from '@quorate/streams/testing'
import { VoteProcessor } from '../processor'
import { TABLE } from '../tables'
import { aggregatorTopology } from '../topology'
import { inconsistencies } from './checker'
import { ObjectReader } from './object-reader'

/**
 * The source and the rows as release e94ea7b left them: for `s1`, 20 agents reported up and 21 down, one after the
 * other, with a restart before the last two. Seven of them are in no page any more, and after another restart its state
 * is up.
 */
const fixture = JSON.parse(
  readFileSync(join(__dirname, '../../testing/fixtures/damaged-store-with-source.json'), 'utf8'),
) as {
  position: number
  rows: [table: string, key: string, base64: string][]
  records: [offset: number, at: number, key: string | null, value: string | null, headers: [string, string][]][]
}
const topology = aggregatorTopology({ prefix: 'rebuilt', applicationId: 'aggregator', partitions: 1 })
const LAST = fixture.records.at(-1)![1]

const opened: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of opened.splice(0)) await close()
})

/** The service over that source and those rows. */
async function damaged(moreRows: typeof fixture.rows = []) {
  let time = 0
  const log = await openEmbeddedLog({ memory: true }, { now: () => time })
  const warned: string[] = []
  const logger = { ...silentLogger, warn: (_: object, text: string) => void warned.push(text) }
  const processor = () => new VoteProcessor({ source: '/rebuilt/aggregator', logger })
  const driver = await TestDriver.open({ topology, processor, log })
  for (const [, at, key, value, headers] of fixture.records) {
    time = at
    await log.append([{ topic: topology.source, partition: 0, key, value, headers }])
  }
  time = LAST + 1_000
  driver.clock.moveTo(time)
  const changelog = { topic: topology.changelog, partition: 0 }
  await log.append([
    ...[...fixture.rows, ...moreRows].map(([table, key, base64]) => ({
      ...changelog,
      key: changelogKey(table, key),
      value: Buffer.from(base64, 'base64'),
    })),
    { ...changelog, key: CHECKPOINT_KEY, value: encodeCheckpoint({ source: fixture.position, time: LAST }) },
  ])
  const reader = new ObjectReader()
  const tables = (name: string) => driver.task(0).table(name)
  opened.push(async () => {
    await driver.close()
    await log.close()
  })
  const read = (id: string) => reader.read(tables, id)!
  return { driver, warned, reader, tables, read }
}

describe('rows that an earlier release wrote wrongly, with a source that still has the reports', () => {
  it('agree with the source again: 20 up and 21 down is down, emitted once, with all evidence', async () => {
    const { driver, warned, reader, tables, read } = await damaged()
    await driver.start()
    await driver.pipe({ key: 'other', value: '{"agent":"a","state":"up"}' })
    await driver.settle()
    expect(reader.view(read('s1'))).toMatchObject({
      state: 'down',
      version: 2,
      tally: { up: 20, down: 21 },
      electorate: 41,
    })
    const { agents } = reader.explanation(tables, read('s1'))
    expect(agents.filter(({ evidence }) => evidence !== null)).toHaveLength(39)
    expect([...inconsistencies(tables)]).toEqual([])
    expect(warned).toEqual([
      expect.stringMatching(/the reports of 1 objects were read from the source again, 0 objects/),
    ])
    const events = (await driver.read(topology.outputs.states!)).map(({ key }) => key?.toString())
    expect(events.filter((key) => key === 's1')).toHaveLength(1)
    // Only once, even if the disk is lost.
    await driver.stop()
    driver.loseDisk()
    const streams = await driver.start()
    expect(streams.conditions.all()).toEqual([])
    expect(reader.view(read('s1'))).toMatchObject({ state: 'down', version: 2 })
    expect(warned).toHaveLength(1)
  })

  it('count reports once that have not been applied yet', async () => {
    const { driver, reader, read } = await damaged()
    await driver.pipe(
      { key: 's1', value: '{"agent":"a40","state":"up"}' },
      { key: 's1', value: '{"agent":"a41","state":"up"}' },
    )
    await driver.start()
    await driver.settle()
    expect(reader.view(read('s1'))).toMatchObject({ state: 'up', tally: { up: 22, down: 20 }, electorate: 42 })
  })

  it('are counted from the existing rows if they are older than the source', async () => {
    // This partition was created by a reshard: objects below its base were imported.
    const row = Buffer.from(JSON.stringify({ base: 1, importing: 0 })).toString('base64')
    const { driver, warned, reader, read } = await damaged([[TABLE.settings, 'reshard', row]])
    await driver.start()
    await driver.pipe({ key: 'other', value: '{"agent":"a","state":"up"}' })
    await driver.settle()
    expect(reader.view(read('s1'))).toMatchObject({ state: 'up', tally: { up: 20, down: 14 }, electorate: 34 })
    expect(warned).toEqual([expect.stringMatching(/the reports of 0 objects were read .* 1 objects were counted/)])
  })
})
