import { Readable, Writable } from 'node:stream'
import { encodeSource, type PolicyInput, type SourceCommand } from '@quorate/contracts'
import { partitionOf } from '@quorate/log'
import { openEmbeddedLog } from '@quorate/log/embedded'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCompare } from './compare'
import type { Input } from './simulate'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'compare-'))
})
afterEach(() => rm(dir, { recursive: true }))

async function compare(a: readonly PolicyInput[], b: readonly PolicyInput[], input: Input, json = true) {
  const files = [join(dir, 'A.json'), join(dir, 'B.json')] as const
  await writeFile(files[0], JSON.stringify(a))
  await writeFile(files[1], JSON.stringify(b))
  const texts = { output: '', errors: '' }
  const to = (name: keyof typeof texts) =>
    new Writable({ write: (chunk, _encoding, done) => ((texts[name] += String(chunk)), done()) })
  const code = await runCompare({ files, input, output: to('output'), errors: to('errors'), json })
  return { code, text: texts.output.replaceAll(`${dir}/`, ''), errors: texts.errors }
}
const parsed = (text: string) =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { difference?: unknown; summary?: unknown })

const lines = (...all: readonly object[]) =>
  Readable.from([Buffer.from(all.map((it) => JSON.stringify(it)).join('\n'))])
const says = (at: number, object: string, state: string, agent = 'a') => ({
  at,
  object,
  type: 'report',
  data: { agent, state },
})

/** One object that goes up and down every 10 s, and one that does not change. */
const restless = () => [
  says(0, 'quiet', 'up'),
  ...Array.from({ length: 41 }, (_, i) => says(10_000 * i, 'restless', i % 2 === 0 ? 'up' : 'down')),
]
const calm: PolicyInput = { name: 'calm', match: '**', ttl: 3600, confirm: { '*': 60 } }
const quick: PolicyInput = { name: 'quick', match: '**', ttl: 3600 }

it('prints the first difference of each object, and how many changes there would have been', async () => {
  const { code, text } = await compare([quick], [calm], lines(...restless()))
  expect(code).toBe(0)
  expect(parsed(text)).toEqual([
    {
      difference: {
        object: 'restless',
        at: 10_000,
        a: { at: 10_000, from: 'up', state: 'down', cause: 'vote' },
        b: { state: 'up' },
      },
    },
    { summary: { changes: { a: 42, b: 2 }, rejected: { a: 0, b: 0 }, objects: 2, different: 1 } },
  ])
})

it('prints text on a terminal', async () => {
  const { text } = await compare([quick], [calm], lines(...restless()), false)
  expect(text).toBe(
    'restless  1970-01-01T00:00:10.000Z\n  A.json: up > down (vote)\n  B.json: stays up\n' +
      '2 changes instead of 42 (B.json instead of A.json); 1 of 2 objects decided differently.\n',
  )
})

it('finds a change that comes later under one of them', async () => {
  const later = [says(0, 'x', 'up'), says(10_000, 'x', 'down'), { at: 80_000, type: 'tick' }]
  const { text } = await compare([calm], [{ ...calm, confirm: { '*': 20 } }], lines(...later))
  expect(parsed(text)[0]).toEqual({
    difference: {
      object: 'x',
      at: 30_000,
      a: { state: 'up' },
      b: { at: 30_000, from: 'up', state: 'down', cause: 'vote' },
    },
  })
})

it('prints only the count if both decide the same, even if other marks differ', async () => {
  const { text } = await compare([quick], [{ ...quick, flap: { changes: 2 } }], lines(...restless()))
  expect(parsed(text)).toEqual([
    { summary: { changes: { a: 42, b: 42 }, rejected: { a: 0, b: 0 }, objects: 2, different: 0 } },
  ])
})

it('ignores the policies that the input sets, but keeps its agents', async () => {
  const policy = { at: 5, type: 'policy-set', data: { name: 'calm', match: '**', quorum: 9 } }
  const agent = { at: 5, type: 'agent-set', data: { agent: 'b', muted: true } }
  const input = lines(policy, agent, says(6, 'x', 'down', 'b'), says(7, 'x', 'up'))
  const { text } = await compare([quick], [{ ...quick, quorum: 2 }], input)
  expect(parsed(text)[0]).toMatchObject({
    difference: { object: 'x', at: 7, a: { state: 'up' }, b: { state: 'unknown' } },
  })
})

it('counts what one refuses and the other does not', async () => {
  const { text } = await compare(
    [quick],
    [{ ...quick, states: ['up'] }],
    lines(says(0, 'x', 'down'), says(1, 'x', 'up')),
    false,
  )
  expect(text).toContain('1 change instead of 2')
  expect(text).toContain('1 instead of 0 rejected')
})

it('compares over a topic, each partition separately', async () => {
  const log = await openEmbeddedLog({ memory: true }, { now: () => 7 })
  const topic = 'quorate.reports'
  await log.ensureTopics([{ name: topic, partitions: 4, cleanupPolicy: 'delete', timestampType: 'LogAppendTime' }])
  const objects = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
  const record = (command: SourceCommand & { object: string }) => ({
    topic,
    partition: partitionOf(command.object, 4),
    ...encodeSource(command),
  })
  await log.append(objects.map((object) => record({ type: 'report', object, data: { agent: 'a', state: 'up' } })))
  const { text } = await compare(
    [quick],
    [
      { ...quick, match: '?' },
      { ...quick, name: 'two', priority: 1, match: 'a', quorum: 2 },
    ],
    { log, topic },
  )
  await log.close()
  expect(parsed(text)).toEqual([
    expect.objectContaining({ difference: expect.objectContaining({ object: 'a', partition: partitionOf('a', 4) }) }),
    { summary: { changes: { a: 7, b: 6 }, rejected: { a: 0, b: 0 }, objects: 7, different: 1 } },
  ])
})

it('names the file that is refused', async () => {
  const { code, errors } = await compare([quick], [{ ...quick, ttl: 7200 }], lines())
  expect([code, errors]).toEqual([1, expect.stringMatching(/B\.json: \/0\/memory.*\nNothing was simulated\./s)])
})
