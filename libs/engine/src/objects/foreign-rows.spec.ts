import { TestDriver } from '@quorate/streams/testing'
import { VoteProcessor } from '../processor'
import { aggregatorTopology } from '../topology'
import { ObjectReader } from './object-reader'

const topology = aggregatorTopology({ prefix: 'foreign', applicationId: 'aggregator', partitions: 1 })

const FOREIGN: [string, string | null][] = [
  ['settings/policies/a', 'not json'],
  ['settings/policies/b', '{"name":"c","match":"**"}'],
  ['settings/policies/d', '{"name":"d","match":"**","quorum":"most"}'],
  ['settings/policies/e', 'null'],
  ['settings/policies/', '[]'],
  ['settings/agents/a', '{"weight":-1}'],
  ['settings/agents/b', 'true'],
  ['settings/clock', '{"time":"yesterday"}'],
  ['settings/pending', '7'],
  ['settings/reshard', '"x"'],
  ['object/rubbish', 'no object'],
  ['object/empty', ''],
  ['agents/rubbish', '\u0001'],
  ['unknown/table', '1'],
  ['no-table', '1'],
  ['', '1'],
  ['@/checkpoint', 'rubbish'],
  ['@/other', 'rubbish'],
]

it.each(FOREIGN)('starts, reads and continues with a foreign record in its changelog: %s = %s', async (key, value) => {
  const driver = await TestDriver.open({
    topology,
    processor: () => new VoteProcessor({ source: '/foreign/aggregator' }),
  })
  try {
    await driver.start()
    const report = (state: string) => driver.pipe({ key: 'site/x', value: `{"agent":"a","state":"${state}"}` })
    await report('up')
    await driver.settle()
    await driver.stop()
    driver.loseDisk()
    await driver.log.append([{ topic: topology.changelog, partition: 0, key, value }])
    const streams = await driver.start()
    await report('down')
    await driver.settle()
    const task = driver.task(0)
    const reader = new ObjectReader()
    const tables = (name: string) => task.table(name)
    expect(reader.view(reader.read(tables, 'site/x')!)).toMatchObject({ state: 'down', version: 2 })
    expect([...reader.list(tables, undefined)].map(({ object }) => object.id)).toContain('site/x')
    expect(await driver.read(topology.outputs['dead-letters']!)).toEqual([])
    const named = streams.conditions.all().map(({ code, subject }) => `${code} ${subject}`)
    const settings = key.startsWith('settings/') ? [`row-refused ${key.slice('settings/'.length)}`] : []
    // The first bytes of the foreign row are read as a deadline, at which it cannot be evaluated.
    expect(named).toEqual(key === 'object/rubbish' ? ['object-held undefined'] : settings)
  } finally {
    await driver.close()
  }
})
