import 'reflect-metadata'
import { loadConfig } from '@quorate/config'
import { openEmbeddedLog } from '@quorate/log/embedded'
import { type Standalone, startStandalone } from './bootstrap'

jest.setTimeout(60_000)

let running: Standalone
const call = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
  const response = await fetch(`${running.url}${path}`, {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()

  return { status: response.status, headers: response.headers, json: text === '' ? {} : JSON.parse(text) }
}
const at = (id: string, rest = '') => `/v1/objects/${encodeURIComponent(id)}${rest}`

beforeAll(async () => {
  const argv = ['--port', '0', '--data-dir', ':memory:', '--log-level', 'silent', '--partitions', '2']
  running = await startStandalone(loadConfig('standalone', { argv, env: {}, readFile: () => '' }), {
    log: await openEmbeddedLog({ memory: true }),
  })
  while ((await call('GET', '/readyz')).status !== 200) await new Promise(setImmediate)
})
afterAll(() => running.close())

describe('a report that is waited for', () => {
  it('is 422 with the reason when it becomes a dead letter, also when it is sent again', async () => {
    await call('PUT', '/v1/policies/listed', { match: 'listed/*', states: ['up', 'down'] })
    const path = at('listed/1', '/reports/a?wait=10')
    for (const headers of [{}, { 'idempotency-key': 'dead' }, { 'idempotency-key': 'dead' }]) {
      const refused = await call('PUT', path, { state: 'sideways' }, headers)
      expect([refused.status, refused.json.code]).toEqual([422, 'invalid'])
      expect(refused.json.errors).toEqual([{ pointer: '/state', detail: 'not one of the states of the policy listed' }])
      expect(refused.headers.get('quorate-position')).toMatch(/^\d@\d+$/)
    }
    expect((await call('PUT', path, { state: 'up' })).status).toBe(200)
    expect((await call('PUT', path, { state: 'sideways' })).status).toBe(422)
  })

  it('is refused where its ttl is most likely meant in seconds, at both doors', async () => {
    expect((await call('PUT', at('t', '/reports/a'), { state: 'up', ttl: 999 })).json.errors).toEqual([
      { pointer: '/ttl', detail: expect.stringContaining('30 s are 30000') },
    ])
    expect((await call('PUT', at('t', '/reports/a'), { state: 'up', ttl: 1000 })).status).toBe(202)
    const bulk = await call('POST', '/v1/reports', [30, 1000].map((ttl) => ({ object: 't', agent: 'b', state: 'up', ttl }))) // prettier-ignore
    expect(bulk.json).toMatchObject({
      accepted: 1,
      rejected: [{ index: 0, reason: expect.stringMatching(/^\/ttl: /) }],
    })
  })
})

describe('an explanation', () => {
  it('says which policy lets a report last less long than it asks', async () => {
    await call('PUT', at('capped', '/reports/a?wait=10'), { state: 'up', ttl: 3_600_000 })
    await call('PUT', at('capped', '/reports/b?wait=10'), { state: 'up', ttl: 30_000 })
    await call('PUT', at('capped', '/reports/c?wait=10'), { state: 'up' })
    const { json } = await call('GET', at('capped', '/explanation'))
    expect(json.agents).toMatchObject([
      { ttl: 60_000, ttlCappedBy: 'default' },
      { ttl: 30_000, ttlCappedBy: null },
      { ttl: 60_000, ttlCappedBy: null },
    ])
    expect(json).toMatchObject({ state: 'up', voted: 'up', override: null })
  })

  it('begins with the override that holds', async () => {
    await call('PUT', at('held', '/reports/a?wait=10'), { state: 'up' })
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString()
    await call('PUT', at('held', '/override'), { state: 'down', reason: 'works', expiresAt }, { 'if-match': '*' })
    const { json } = await call('GET', at('held', '/explanation'))
    expect(Object.keys(json as object).slice(0, 3)).toEqual(['state', 'voted', 'override'])
    expect(json).toMatchObject({
      ...{ state: 'down', voted: 'up' },
      override: { state: 'down', reason: 'works', author: 'local', expiresAt, mode: 'pin' },
    })
  })
})

describe('a position', () => {
  it('of a partition that there is not is 400, and -1 is one that has nothing', async () => {
    for (const path of ['/v1/objects', at('x'), '/v1/policies', '/v1/agents'])
      for (const position of ['2@0', '0@0, 99@1'])
        expect((await call('GET', path, undefined, { 'quorate-min-position': position })).json.code).toBe('malformed')
    expect((await call('GET', '/v1/objects', undefined, { 'quorate-min-position': '0@-1, 1@-1' })).status).toBe(200)
  })

  it('that is not reached is missing in a list, and 504 where no part may be', async () => {
    const headers = { 'quorate-min-position': '1@99999' }
    const { status, json } = await call('GET', '/v1/objects?wait=0', undefined, headers)
    expect([status, json.complete, json.missing]).toEqual([200, false, [{ partition: 1, reason: 'position-timeout' }]])
    const refused = await call('GET', '/v1/objects?wait=0&partial=refuse', undefined, headers)
    expect([refused.status, refused.json.code]).toEqual([504, 'position-timeout'])
  })
})

describe('a stream', () => {
  it.each(['%01', 'x'.repeat(513), `${'%C3%BC'.repeat(256)}x`])(
    'of a prefix that no id has is 422: %s',
    async (prefix) => {
      const { status, json } = await call('GET', `/v1/states/stream?prefix=${prefix}`)
      expect([status, json.errors[0].pointer]).toEqual([422, '/query/prefix'])
    },
  )
})

describe('a dead letter', () => {
  it('that was dropped is a conflict', async () => {
    await call('PUT', '/v1/policies/two', { match: 'two/*', states: ['up', 'down'] })
    await call('PUT', at('two/1', '/reports/a?wait=10'), { state: 'sideways' })
    const { position } = (await call('GET', '/v1/dead-letters?limit=1')).json.items[0]
    expect((await call('DELETE', `/v1/dead-letters/${position}`)).status).toBe(204)
    for (const [method, path] of [
      ['DELETE', ''],
      ['POST', '/replay'],
    ] as const)
      // prettier-ignore
      expect((await call(method, `/v1/dead-letters/${position}${path}`)).json.code).toBe('conflict')
  })
})

describe('the document', () => {
  it('has states as text and evidence as any JSON', async () => {
    const { json } = await call('GET', '/openapi.json')
    for (const name of ['ReportBody', 'OverrideBody', 'StateBody'])
      expect(json.components.schemas[name].properties.state).toMatchObject({
        type: 'string',
        pattern: expect.anything(),
      })
    const { evidence } = json.components.schemas.ReportBody.properties
    expect(evidence).toEqual({ description: 'Any JSON up to 64 KiB.' })
  })
})
