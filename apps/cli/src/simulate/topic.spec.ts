import { Writable } from 'node:stream'
import { encodeSource, type PolicyInput, type SourceCommand } from '@quorate/contracts'
import { partitionOf, type OutRecord } from '@quorate/log'
import { openEmbeddedLog, type EmbeddedLog } from '@quorate/log/embedded'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { simulate } from '@quorate/engine/core/testing'
import { runSimulate } from './simulate'

const TOPIC = 'quorate.reports'
const PARTITIONS = 3
let now = 0
let log: EmbeddedLog
let dir: string
beforeEach(async () => {
  now = 0
  dir = await mkdtemp(join(tmpdir(), 'topic-'))
  log = await openEmbeddedLog({ memory: true }, { now: () => now })
  const spec = { name: TOPIC, partitions: PARTITIONS, cleanupPolicy: 'delete', timestampType: 'LogAppendTime' } as const
  await log.ensureTopics([spec])
})
afterEach(async () => {
  await log.close()
  await rm(dir, { recursive: true })
})

const recordOf = (command: SourceCommand, partition?: number): OutRecord => {
  const encoded = encodeSource(command)
  return { topic: TOPIC, partition: partition ?? partitionOf(encoded.key ?? '', PARTITIONS), ...encoded }
}
const report = (object: string, agent: string, state: string): SourceCommand => ({
  type: 'report',
  object,
  data: { agent, state },
})
async function at(time: number, ...records: OutRecord[]): Promise<void> {
  now = time
  await log.append(records)
}

interface Line {
  readonly partition?: number
  readonly event?: { readonly id: string; readonly subject: string; readonly time: number }
  readonly rejected?: { readonly line: number; readonly reason: string }
}

async function replay(options: { partition?: number; policies?: readonly PolicyInput[] } = {}) {
  const texts = { output: '', errors: '' }
  const to = (name: keyof typeof texts) =>
    new Writable({ write: (chunk, _encoding, done) => ((texts[name] += String(chunk)), done()) })
  const { partition, policies } = options
  const policiesFile = join(dir, 'policies.json')
  if (policies !== undefined) await writeFile(policiesFile, JSON.stringify(policies))
  const code = await runSimulate({
    input: { log, topic: TOPIC, ...(partition === undefined ? {} : { partition }) },
    output: to('output'),
    errors: to('errors'),
    ...(policies === undefined ? {} : { policiesFile }),
  })
  const lines = texts.output.split('\n').filter((line) => line !== '')
  return { code, errors: texts.errors, lines: lines.map((line) => JSON.parse(line) as Line) }
}

/** The result for the file, with its partition on each line. */
const ofFile = async (partition: number, lines: readonly object[]) =>
  (await simulate(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))).text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => ({ ...(JSON.parse(line) as object), partition }))

const broadcast = (command: SourceCommand) =>
  Array.from({ length: PARTITIONS }, (_, partition) => recordOf(command, partition))

it('decides each partition like a file of its records, including offsets', async () => {
  const objects = ['a', 'b', 'c', 'd', 'e', 'f']
  const files: object[][] = Array.from({ length: PARTITIONS }, () => [])
  for (const [i, object] of objects.entries())
    for (const [j, state] of ['up', 'down', 'down'].entries()) {
      const command = report(object, `agent-${j}`, state)
      const time = 1000 * (i + 10 * j)
      await at(time, recordOf(command))
      files[partitionOf(object, PARTITIONS)]!.push({ at: time, ...command })
    }
  await at(200_000, ...broadcast({ type: 'tick' }))
  for (const file of files) file.push({ at: 200_000, type: 'tick' })
  const expected = await Promise.all(files.map((lines, partition) => ofFile(partition, lines)))
  const { code, errors, lines } = await replay()
  expect([code, errors, lines]).toEqual([0, '', expected.flat()])
  expect(new Set(lines.map(({ partition }) => partition)).size).toBe(PARTITIONS)
  for (const partition of files.keys())
    expect((await replay({ partition })).lines).toEqual(lines.filter((line) => line.partition === partition))
})

it('lets a misplaced record advance stream time and do nothing else, even if invalid', async () => {
  const right = partitionOf('x', PARTITIONS)
  const wrong = (right + 1) % PARTITIONS
  await at(0, recordOf(report('x', 'a', 'up')))
  // Time advances in the partition that contains it: it is no vote there, and is absent in the other.
  await at(70_000, recordOf(report('x', 'b', 'down'), wrong))
  await at(70_000, { topic: TOPIC, partition: wrong, key: 'x', value: 'rubbish' })
  expect((await replay({ partition: wrong })).lines).toEqual([])
  const other = Array.from({ length: 40 }, (_, i) => `y${i}`).find((id) => partitionOf(id, PARTITIONS) === right)!
  await at(80_000, recordOf(report(other, 'a', 'up'), wrong))
  await at(130_000, recordOf({ type: 'tick' }, right))
  const events = (await replay({ partition: right })).lines.map(({ event }) => event!.time)
  expect(events).toEqual([0, 60_000, 120_000])
})

it('rejects by offset what the service makes a dead letter', async () => {
  const partition = partitionOf('x', PARTITIONS)
  await at(
    5,
    recordOf(report('x', 'a', 'up')),
    { topic: TOPIC, partition, key: 'x', value: '{"agent":' },
    { topic: TOPIC, partition, key: null, value: '{"agent":"a","state":"up"}' },
    { topic: TOPIC, partition, key: Buffer.from([0xff]), value: '{"agent":"a","state":"up"}' },
  )
  const { lines } = await replay()
  expect(
    lines.flatMap(({ rejected, partition: on }) => (rejected ? [[on, rejected.line, rejected.reason]] : [])),
  ).toEqual([
    [partition, 1, 'the value is not JSON'],
    [partition, 2, 'a report needs a key: the object id'],
    [partition, 3, expect.stringContaining('the key is not an object id')],
  ])
})

it('starts each partition with the policies of the file, which the topic may change', async () => {
  const objects = ['a', 'b', 'c', 'd', 'e', 'f']
  await at(0, ...objects.map((object) => recordOf(report(object, 'a', 'up'))))
  await at(1, ...broadcast({ type: 'policy-set', data: { name: 'strict', match: '**' } }))
  const policies = [{ name: 'strict', match: '**', quorum: 2 }]
  expect((await replay()).lines.map(({ event }) => event!.time)).toEqual(objects.map(() => 0))
  const { lines } = await replay({ policies })
  expect(lines.map(({ event }) => event!.time)).toEqual(objects.map(() => 1))
})

it('says which partitions have lost their beginning', async () => {
  const partition = partitionOf('x', PARTITIONS)
  await at(0, recordOf(report('x', 'a', 'up')))
  await at(1, recordOf(report('x', 'a', 'down')))
  await log.truncate(TOPIC, partition, 1)
  const { errors, lines } = await replay()
  expect(errors).toContain(`${TOPIC}/${partition} begins at offset 1`)
  expect(lines.map(({ event }) => event!.id)).toEqual(['x@1.1'])
})

it('does not start with a refused policy, or a partition that does not exist', async () => {
  const { code, errors } = await replay({ policies: [{ name: 'p', match: '**', ttl: -1 }] })
  expect([code, errors]).toEqual([1, expect.stringMatching(/\/0\/ttl.*\nNothing was simulated\.\n$/s)])
  await expect(replay({ partition: 3 })).rejects.toThrow('there is no 3')
})
