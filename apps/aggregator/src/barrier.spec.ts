import { partitionOf } from '@quorate/log'
import { openEmbeddedLog } from '@quorate/log/embedded'
import { TestDriver } from '@quorate/streams/testing'
import { runAudit } from '../../cli/src/audit'
import { runSimulate } from '../../cli/src/simulate'
import { Writable } from 'node:stream'
import { aggregatorTopology, ObjectReader, TABLE, VoteProcessor } from '@quorate/engine/core'

const topology = aggregatorTopology({ prefix: 'barrier', applicationId: 'aggregator', partitions: 2 })
const DEAD = topology.outputs['dead-letters']!

let log: Awaited<ReturnType<typeof openEmbeddedLog>>
let driver: TestDriver
// As the driver's clock: a log that is far behind it gets tick after tick.
const START = 1_700_000_000_000
let now = START

beforeEach(async () => {
  now = START
  log = await openEmbeddedLog({ memory: true }, { now: () => now })
  driver = await TestDriver.open({
    topology,
    processor: () => new VoteProcessor({ source: '/barrier/aggregator' }),
    log,
  })
})
afterEach(async () => {
  await driver.close()
  await log.close()
})

const report = (key: string, agent: string, state: string, evidence?: string) => ({
  key,
  value: `{"agent":"${agent}","state":"${state}"${evidence === undefined ? '' : `,"evidence":${evidence}`}}`,
})

const view = (id: string) => {
  const task = driver.task(partitionOf(id, 2))
  const reader = new ObjectReader()
  const tables = (name: string) => task.table(name)
  const read = reader.read(tables, id)
  return read === undefined ? undefined : reader.view(read)
}

/** What `simulate` says of the same source. */
async function simulated(): Promise<{ rejected: { line: number; reason: string; partition: number }[] }> {
  let text = ''
  const output = new Writable({ write: (chunk: Buffer, _encoding, done) => ((text += chunk.toString()), done()) })
  await runSimulate({ input: { log, topic: topology.source }, output, errors: output })
  const lines = text.split('\n').filter((line) => line.startsWith('{'))
  const parsed = lines.map(
    (line) => JSON.parse(line) as { rejected?: { line: number; reason: string }; partition: number },
  )
  return { rejected: parsed.flatMap(({ rejected, partition }) => (rejected ? [{ ...rejected, partition }] : [])) }
}

it('goes on behind evidence that is nested deeper than JSON can be written, and counts what stands beside it', async () => {
  const deep = `${'['.repeat(5200)}${']'.repeat(5200)}`
  await driver.pipe(report('site/x', 'a', 'up'), report('site/x', 'b', 'down', deep), report('site/x', 'c', 'up'))
  await driver.start()
  await driver.settle()
  expect(view('site/x')).toMatchObject({ state: 'up', tally: { up: 2 }, participants: 2 })
  const [dead, ...more] = await driver.readAtLeast(DEAD, 1)
  expect(more).toEqual([])
  expect(dead!.key!.toString()).toBe('site/x')
})

it('leaves no row that is too large for the changelog behind', async () => {
  const confirm = Object.fromEntries(Array.from({ length: 9000 }, (_, i) => [`${'s'.repeat(55)}-${i}`, 1]))
  const policy = { key: null, value: JSON.stringify({ name: 'p', match: '**', confirm }) }
  const headers = [['ce_type', 'policy-set']] as const
  await driver.pipe(report('site/x', 'a', 'up'))
  for (const partition of [0, 1]) await driver.pipe({ ...policy, headers, partition })
  await driver.start()
  await driver.pipe(report('site/x', 'a', 'down'))
  await driver.settle()
  expect(view('site/x')).toMatchObject({ state: 'down', policy: 'default' })
  expect(await driver.readAtLeast(DEAD, 2)).toHaveLength(2)
  // Simulate has no store, so it applies the policy; the audit knows that the service did not.
  let said = ''
  const output = new Writable({ write: (chunk: Buffer, _encoding, done) => ((said += chunk.toString()), done()) })
  await runAudit({ client: undefined, log, prefix: 'barrier', applicationId: 'aggregator', output })
  expect(said).toMatch(/^SAME/)
})

describe('an object whose rows cannot be read', () => {
  /** An object whose row is then written over with something else. */
  async function broken(): Promise<void> {
    await driver.start()
    await driver.pipe(report('site/x', 'a', 'up'), report('site/y', 'a', 'up'))
    await driver.settle()
    await driver.task(partitionOf('site/x', 2)).submit((context) => {
      context.table(TABLE.object).put('site/x', Buffer.from('no object'))
      context.cache = undefined
    })
  }

  it('is held at its deadline, by name, and takes no innocent record with it', async () => {
    await broken()
    now += 61_000
    await driver.pipe(...['site/z', 'site/y'].map((id) => report(id, 'late', 'down')))
    for (const partition of [0, 1])
      await driver.pipe({ key: null, value: null, partition, headers: [['ce_type', 'tick']] })
    await driver.settle()
    expect(view('site/y')).toMatchObject({ state: 'down' })
    expect(view('site/z')).toMatchObject({ state: 'down' })
    expect(await driver.read(DEAD)).toEqual([])
    const conditions = driver.streams().conditions.all()
    expect(conditions).toMatchObject([{ code: 'object-held', detail: expect.stringContaining('site/x') }])
  })

  it('costs the reports on it, each named among the dead letters, and nothing else', async () => {
    await broken()
    await driver.pipe(report('site/x', 'a1', 'down'), report('site/z', 'a', 'up'))
    await driver.settle()
    expect(view('site/z')).toMatchObject({ state: 'up' })
    expect(await driver.readAtLeast(DEAD, 1)).toHaveLength(1)
  })
})

it('is told by simulate where it is the content that is refused', async () => {
  await driver.pipe(report('site/x', 'a', 'up'), { key: 'site/x', value: '{"agent":' })
  await driver.start()
  await driver.settle()
  expect((await simulated()).rejected).toHaveLength(1)
})
