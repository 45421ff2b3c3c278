import 'reflect-metadata'
import { QuorateClient, ProblemError } from '@quorate/client'
import { loadConfig } from '@quorate/config'
import { topicNames } from '@quorate/contracts'
import type { Running } from '@quorate/http'
import { type EmbeddedLog, openEmbeddedLog } from '@quorate/log/embedded'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startAggregator } from '../bootstrap'

jest.setTimeout(60_000)

const names = topicNames('quorate')

describe("operators' words to partitions by REST, in a group of two", () => {
  let dir: string
  let log: EmbeddedLog
  let instances: Running[] = []
  const start = async (name: string) => {
    const argv = ['--port', '0', '--data-dir', join(dir, name), '--log-level', 'silent', '--partitions', '2']
    const config = loadConfig('aggregator', { argv, env: { KAFKA_BROKERS: 'unused:9092' }, readFile: () => '' })
    instances.push(await startAggregator(config, { log }))
  }
  const client = (on: number) => new QuorateClient({ url: instances[on]!.url })
  const problem = (work: Promise<unknown>) =>
    work.then(
      () => undefined,
      (error: unknown) => (error as ProblemError).code,
    )
  const ended = async () => {
    for (const instance of instances) await instance.close()
    instances = []
  }
  const until = async (holds: () => Promise<boolean>) => {
    while (!(await holds().catch(() => false))) await new Promise((done) => setTimeout(done, 20))
  }

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'told-'))
    log = await openEmbeddedLog({ memory: true })
    await start('a')
    await start('b')
    await until(async () => {
      const { members, partitions } = (await client(0).cluster()) as Record<string, readonly { state: string }[]>
      return members!.length === 2 && partitions!.every(({ state }) => state === 'running')
    })
  })
  afterEach(async () => {
    await ended()
    await log.close()
    rmSync(dir, { recursive: true })
  })

  it('refuses to skip what is applied, not there yet, or in no partition', async () => {
    const { position } = await client(0).report('o', 'a', { state: 'up' }, { wait: 10 })
    const [partition, offset] = position.split('@').map(Number) as [number, number]
    const skip = (p: number, o: number) => client(1).partitions.skip(p, { offset: o, reason: 'why not' })
    expect(await problem(skip(partition, offset))).toBe('conflict')
    expect(await problem(skip(partition, 10_000))).toBe('conflict')
    expect(await problem(skip(2, 0))).toBe('not-found')
    expect(await problem(client(1).partitions.skip(0, { offset: 5, through: 4, reason: 'x' }))).toBe('invalid')
    expect(await problem(client(1).partitions.skip(0, { offset: 5, reason: '' }))).toBe('invalid')
    expect(await problem(client(1).partitions.acknowledgeSource(0))).toBe('conflict')
    expect(await problem(client(1).partitions.acknowledgeSource(7))).toBe('not-found')
  })

  it('goes on with a source that was created again, whichever instance is told, once it is told', async () => {
    for (const object of ['a', 'b', 'c', 'd']) await client(0).report(object, 'x', { state: 'up' }, { wait: 10 })
    await log.deleteTopic(names.reports)
    while (await log.describeTopic(names.reports)) await new Promise(setImmediate)
    const spec = {
      name: names.reports,
      partitions: 2,
      cleanupPolicy: 'delete',
      timestampType: 'LogAppendTime',
    } as const
    await log.ensureTopics([spec])
    await log.append([0, 1].map((partition) => ({ topic: names.reports, partition, key: null, value: '{}' })))
    const { id } = (await log.describeTopic(names.reports))!
    for (const partition of [0, 1]) {
      await until(async () => {
        expect(await problem(client(0).partitions.acknowledgeSource(partition, 'another'))).toBe('invalid')
        return true
      })
      expect(await client(0).partitions.acknowledgeSource(partition, id)).toEqual({
        outcome: 'acknowledged',
        topic: id,
        by: 'local',
      })
    }
    await client(0).report('e', 'x', { state: 'up' }, { wait: 10 })
    expect((await client(1).get('a')).view.state).toBe('up')
    // It is the operator's word for this loss alone, and for good.
    await ended()
    await start('a')
    expect((await client(0).report('e', 'y', { state: 'up' }, { wait: 10 })).position).toBeDefined()
  })
})
