import 'reflect-metadata'
import { loadConfig } from '@quorate/config'
import { encodeWireView, type WireView } from '@quorate/contracts'
import { Problem, type Running } from '@quorate/http'
import { testCall } from '@quorate/http/testing'
import type { Owners, Peers } from '@quorate/routing'
import { partitionOf } from '@quorate/log'
import { openEmbeddedLog, type EmbeddedLog } from '@quorate/log/embedded'
import type { RunningTask } from '@quorate/streams'
import { startAggregator } from '../bootstrap'
import { ObjectReader } from '@quorate/engine/core'
import { recordsOf, TestTask } from '@quorate/engine/core/testing'
import { DryRuns } from './dry-runs'

interface Item {
  readonly object: string
  readonly partition: number
  readonly type: string
  readonly before: WireView
  readonly after: WireView | null
}
interface Trial {
  readonly policy: { readonly name: string; readonly ttl: number }
  readonly evaluated: number
  readonly changed: number
  readonly updated: number
  readonly deleted: number
  readonly items: readonly Item[]
  readonly unlisted: number
  readonly complete: boolean
  readonly missing: readonly object[]
}

const PARTITIONS = 4
const objects = Array.from({ length: 30 }, (_, i) => `${i % 2 ? 'site' : 'disk'}/${i}`)

describe('a dry run of a policy, in a group of two', () => {
  let log: EmbeddedLog
  const instances: Running[] = []

  const start = async () => {
    const argv = ['--port', '0', '--data-dir', ':memory:', '--log-level', 'silent', '--partitions', String(PARTITIONS)]
    const env = { KAFKA_BROKERS: 'unused:9092' }
    instances.push(await startAggregator(loadConfig('aggregator', { argv, env, readFile: () => '' }), { log }))
  }
  const call = async (on: Running, method: string, path: string, body?: unknown) => {
    const response = await fetch(`${on.url}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, json: (text === '' ? {} : JSON.parse(text)) as never }
  }
  const at = (id: string, rest = '') => `/v1/objects/${encodeURIComponent(id)}${rest}`
  const strict = { match: 'site/*', quorum: 3 }
  const ends = async () => (await log.offsets('quorate.reports')).map(({ end }) => end)

  beforeAll(async () => {
    log = await openEmbeddedLog({ memory: true })
    await start()
    await start()
    for (const instance of instances)
      for (;;) {
        const { status, json } = await call(instance, 'GET', '/v1/cluster')
        const { members = [], partitions = [] } = json as Record<string, { reachable: boolean; state: string }[]>
        const isUp = members.length === 2 && members.every(({ reachable }) => reachable)
        if (status === 200 && isUp && partitions.every(({ state }) => state === 'running')) break
        await new Promise(setImmediate)
      }
    for (const id of objects)
      for (const agent of ['a', 'b'])
        await call(instances[0]!, 'PUT', at(id, `/reports/${agent}?wait=5s`), { state: 'up', ttl: 60_000 })
  }, 60_000)
  afterAll(async () => {
    for (const instance of instances) await instance.close()
    await log.close()
  })

  it('tells which objects would change and how, on every partition, and writes nothing', async () => {
    const before = await ends()
    const [a, b] = [
      await call(instances[0]!, 'PUT', '/v1/policies/strict?dryRun=true', strict),
      await call(instances[1]!, 'PUT', '/v1/policies/strict?dryRun=true', strict),
    ]
    const trial = a.json as Trial
    expect([a.status, b.status]).toEqual([200, 200])
    expect(b.json).toEqual(a.json)
    expect(trial).toMatchObject({ evaluated: 15, changed: 0, updated: 15, deleted: 0, unlisted: 0, complete: true, missing: [] }) // prettier-ignore
    expect(trial.policy).toMatchObject({ name: 'strict', ttl: 60 })
    expect(new Set(trial.items.map(({ partition }) => partition)).size).toBeGreaterThan(2)
    for (const { object, partition, type, before, after } of trial.items) {
      expect([partition, type]).toEqual([partitionOf(object, PARTITIONS), 'object.updated'])
      expect([before.stale, before.policy, after!.stale, after!.policy, after!.quorum]).toEqual([false, 'default', true, 'strict', 3]) // prettier-ignore
    }
    expect(trial.items.map(({ object }) => object)).toEqual(objects.filter((id) => id.startsWith('site/')).sort())
    const positions = a.headers.get('quorate-position')!.split(', ')
    expect(positions).toHaveLength(PARTITIONS)
    expect(await ends()).toEqual(before)
    expect((await call(instances[0]!, 'GET', '/v1/policies/strict')).status).toBe(404)
    expect((await call(instances[0]!, 'GET', at('site/1'))).json).toMatchObject({ stale: false, policy: 'default' })
  })

  it('tells what then happens', async () => {
    const now = { match: 'site/*', quorum: 3, onNoQuorum: 'unknown' }
    const { json } = await call(instances[1]!, 'PUT', '/v1/policies/now?dryRun=true', now)
    const trial = json as Trial
    expect(trial).toMatchObject({ changed: 15, updated: 0 })
    const written = await call(instances[1]!, 'PUT', '/v1/policies/now', now)
    const position = written.headers.get('quorate-position')!
    for (const { object, after } of trial.items) {
      const response = await fetch(`${instances[0]!.url}${at(object)}`, {
        headers: { 'quorate-min-position': position },
      })
      const { since: _s, decidedAt: _d, trigger: _t, ...view } = (await response.json()) as WireView
      const { since: _s2, decidedAt: _d2, trigger: _t2, ...expected } = after!
      expect(view).toEqual(expected)
    }
    await call(instances[1]!, 'DELETE', '/v1/policies/now')
  })

  it("tells what an agent's settings would change", async () => {
    const before = await ends()
    for (const instance of instances) {
      const { status, json } = await call(instance, 'PUT', '/v1/agents/a?dryRun=true', { muted: true })
      const trial = json as Trial
      expect([status, trial]).toEqual([
        200,
        expect.objectContaining({
          agent: { agent: 'a', weight: 1, muted: true },
          evaluated: 30,
          changed: 0,
          complete: true,
          unlisted: 0,
        }),
      ])
    }
    expect(await ends()).toEqual(before)
    expect((await call(instances[0]!, 'PUT', '/v1/agents/a?dryRun=perhaps', {})).status).toBe(422)
    expect((await call(instances[0]!, 'GET', '/v1/agents/a')).status).toBe(404)
  })

  it('refuses with a pointer to the field, as the write would', async () => {
    for (const instance of instances) {
      const { status, json } = await call(instance, 'PUT', '/v1/policies/p?dryRun=true', { match: '**', ttl: 7200 })
      expect([status, (json as { errors: { pointer: string }[] }).errors[0]!.pointer]).toEqual([422, '/memory'])
      const other = await call(instance, 'PUT', '/v1/policies/p?dryRun=true', { name: 'q', match: '**' })
      expect([other.status, (other.json as { errors: { pointer: string }[] }).errors[0]!.pointer]).toEqual([
        422,
        '/name',
      ])
    }
    expect((await call(instances[0]!, 'PUT', '/v1/policies/p?dryRun=perhaps', strict)).status).toBe(422)
    expect((await call(instances[0]!, 'PUT', '/v1/policies/p?dryRun=false', strict)).status).toBe(200)
  })
})

describe('a dry run', () => {
  const task = (objects: number): RunningTask => {
    const it = new TestTask()
    const reports = Array.from({ length: objects }, (_, i) => ({
      at: 0,
      type: 'report',
      object: `o/${i}`,
      data: { agent: 'a', state: 'up' },
    }))
    it.run(recordsOf(reports))
    return { partition: 0, state: 'running', position: objects, table: it.tables } as unknown as RunningTask
  }
  const owners = (tasks: readonly (RunningTask | undefined)[]): Owners =>
    ({
      partitions: tasks.length,
      find: (partition: number) => {
        const task = tasks[partition]
        if (task === undefined) throw new Problem('restoring', 'not yet')
        return { task }
      },
      leaseHeld: () => Promise.resolve(true),
    }) as unknown as Owners
  const policy = { name: 'p', match: '**', quorum: 2 }
  const run = async (...tasks: (RunningTask | undefined)[]) =>
    JSON.parse(String((await new DryRuns(owners(tasks), {} as Peers).policy(policy, testCall())).body)) as Trial

  it('names the partitions that are missing', async () => {
    expect(await run(task(3), undefined)).toMatchObject({
      evaluated: 3,
      updated: 3,
      complete: false,
      missing: [{ partition: 1, reason: 'restoring' }],
    })
  })

  it('is a problem where nobody can answer', async () => {
    await expect(run(undefined, undefined)).rejects.toMatchObject({ code: 'restoring' })
  })

  it('counts more than it lists, in slices', async () => {
    const trial = await run(task(1500))
    expect([trial.evaluated, trial.updated, trial.items.length, trial.unlisted]).toEqual([1500, 1500, 1000, 500])
  })

  it('leaves the committed rows as they are', async () => {
    const it = task(2)
    const tables = (name: string) => it.table(name)
    const views = () => [...new ObjectReader().list(tables, undefined)].map((read) => encodeWireView(new ObjectReader().view(read))) // prettier-ignore
    const before = views()
    await run(it)
    expect(views()).toEqual(before)
  })
})
