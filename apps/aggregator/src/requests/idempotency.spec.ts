import 'reflect-metadata'
import { loadConfig } from '@quorate/config'
import type { Running } from '@quorate/http'
import { type EmbeddedLog, openEmbeddedLog } from '@quorate/log/embedded'
import { startAggregator } from '../bootstrap'

jest.setTimeout(60_000)

describe('a request with an Idempotency-Key, in a group of two', () => {
  let log: EmbeddedLog
  let instances: Running[] = []

  const start = async () => {
    const argv = ['--port', '0', '--data-dir', ':memory:', '--log-level', 'silent', '--partitions', '2']
    const env = { KAFKA_BROKERS: 'unused:9092' }
    instances.push(await startAggregator(loadConfig('aggregator', { argv, env, readFile: () => '' }), { log }))
  }
  const call = async (
    on: number,
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ) => {
    const response = await fetch(`${instances[on]!.url}${path}`, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return {
      status: response.status,
      position: response.headers.get('quorate-position'),
      etag: response.headers.get('etag'),
      json: text === '' ? undefined : JSON.parse(text),
    }
  }
  const once = (on: number, key: string, method: string, path: string, body: unknown, more = {}) =>
    call(on, method, path, body, { 'idempotency-key': key, ...more })
  const records = async () => (await log.offsets('quorate.reports')).reduce((sum, { end }) => sum + end, 0)
  const settled = async (members: number) => {
    for (;;) {
      const { status, json } = await call(0, 'GET', '/v1/cluster')
      if (
        status === 200 &&
        json.members.length === members &&
        json.partitions.every(({ state }: { state: string }) => state === 'running')
      )
        return
      await new Promise(setImmediate)
    }
  }

  beforeAll(async () => {
    log = await openEmbeddedLog({ memory: true })
    await start()
    await start()
    await settled(2)
  })
  afterAll(async () => {
    for (const instance of instances) await instance.close()
    await log.close()
  })

  const end = new Date(Date.now() + 3_600_000).toISOString()
  const override = { state: 'down', reason: 'works', expiresAt: end }

  it('is done once, and answers with the first position, at either instance', async () => {
    const first = await once(0, 'k1', 'PUT', '/v1/objects/o/override', override)
    expect([first.status, first.json.state]).toEqual([200, 'down'])
    const written = await records()
    for (const on of [0, 1, 1, 0]) {
      // Without If-Match, which the object now needs: it is the same request.
      const again = await once(on, 'k1', 'PUT', '/v1/objects/o/override', override)
      expect([again.status, again.position, again.json.version]).toEqual([200, first.position, first.json.version])
    }
    expect(await records()).toBe(written)
  })

  it('is a conflict with another body, path or object of the same partition', async () => {
    const other = await once(1, 'k1', 'PUT', '/v1/objects/o/override', { ...override, state: 'up' })
    expect([other.status, other.json.code]).toEqual([409, 'conflict'])
    expect((await once(0, 'k1', 'PUT', '/v1/objects/o/reports/a', { state: 'up' })).status).toBe(409)
  })

  it('is done once also when it is sent many times at once', async () => {
    const before = (await call(0, 'GET', '/v1/objects/o')).etag!
    const more = { 'if-match': before }
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        once(i % 2, 'k2', 'PUT', '/v1/objects/o/override', { ...override, state: 'degraded' }, more),
      ),
    )
    expect(new Set(answers.map(({ status, position }) => `${status} ${position}`)).size).toBe(1)
    const { json } = await call(0, 'GET', '/v1/objects/o')
    expect([json.state, json.version]).toEqual(['degraded', answers[0]!.json.version])
  })

  it('answers a report as before, waited for or not', async () => {
    const first = await once(0, 'k3', 'PUT', '/v1/objects/r/reports/a', { state: 'up' })
    expect(first.status).toBe(202)
    const written = await records()
    const again = await once(1, 'k3', 'PUT', '/v1/objects/r/reports/a', { state: 'up' })
    expect([again.status, again.json]).toEqual([202, first.json])
    const shown = await once(1, 'k3', 'PUT', '/v1/objects/r/reports/a?wait=5s', { state: 'up' })
    expect([shown.status, shown.position, shown.json.state]).toEqual([200, first.position, 'up'])
    expect(await records()).toBe(written)
  })

  it.each([
    [
      'POST',
      '/v1/reports',
      [
        { object: 'b1', agent: 'a', state: 'up' },
        { object: 'b2', agent: 'a', state: 'up' },
      ],
    ],
    ['PUT', '/v1/policies/p', { match: 'x/*' }],
    ['PUT', '/v1/agents/z', { weight: 2 }],
  ])('answers %s %s as before, with all its positions', async (method, path, body) => {
    const first = await once(0, `k4${path}`, method, path, body)
    expect(first.status).toBeLessThan(300)
    const written = await records()
    for (const on of [1, 0]) {
      const again = await once(on, `k4${path}`, method, path, body)
      expect([again.status, again.position, again.json]).toEqual([first.status, first.position, first.json])
    }
    expect(await records()).toBe(written)
  })

  it('is a conflict with another body of many reports, also while the first is being read', async () => {
    const reports = (state: string) => Array.from({ length: 50 }, (_, i) => ({ object: `c${i}`, agent: 'a', state }))
    const [first, second] = await Promise.all(
      ['up', 'down'].map((state) => once(0, 'k6', 'POST', '/v1/reports', reports(state))),
    )
    expect([first!.status, second!.status].sort()).toEqual([202, 409])
    const written = await records()
    const state = first!.status === 202 ? 'up' : 'down'
    for (const on of [0, 1]) {
      expect((await once(on, 'k6', 'POST', '/v1/reports', reports(state === 'up' ? 'down' : 'up'))).status).toBe(409)
      expect((await once(on, 'k6', 'POST', '/v1/reports', reports(state).slice(1))).status).toBe(409)
      expect((await once(on, 'k6', 'POST', '/v1/reports', reports(state))).position).toBe(
        first!.status === 202 ? first!.position : second!.position,
      )
    }
    expect(await records()).toBe(written)
  })

  it('is remembered by an instance that starts later, from the log alone', async () => {
    const first = await once(1, 'k5', 'PUT', '/v1/objects/o5/reports/a?wait=5s', { state: 'up' })
    for (const instance of instances) await instance.close()
    instances = []
    await start()
    await settled(1)
    const again = await once(0, 'k5', 'PUT', '/v1/objects/o5/reports/a?wait=5s', { state: 'up' })
    expect([again.status, again.position]).toEqual([200, first.position])
    const bulk = [
      { object: 'b1', agent: 'a', state: 'up' },
      { object: 'b2', agent: 'a', state: 'up' },
    ]
    const written = await records()
    expect((await once(0, 'k4/v1/reports', 'POST', '/v1/reports', bulk)).status).toBe(202)
    expect(await records()).toBe(written)
  })

  it.each(['', 'x'.repeat(256), 'ü', 'a b'])('is malformed with the key %j', async (key) => {
    const headers = { 'idempotency-key': Buffer.from(key).toString('latin1') }
    const { status, json } = await call(0, 'PUT', '/v1/objects/m/reports/a', { state: 'up' }, headers)
    expect([status, json.code]).toEqual([400, 'malformed'])
  })
})
