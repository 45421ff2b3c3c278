import 'reflect-metadata'
import { loadConfig } from '@quorate/config'
import { openEmbeddedLog } from '@quorate/log/embedded'
import { Agent, createServer, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Standalone, startStandalone } from './bootstrap'

interface Reply {
  status: number
  headers: Record<string, string | undefined>
  text: string
  json: any // eslint-disable-line @typescript-eslint/no-explicit-any -- answers are judged member by member
}

const agent = new Agent({ keepAlive: true })
let running: Standalone

/** Paths go out as they are: fetch would resolve `.` and `..`. */
const call = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Reply> =>
  new Promise((resolve, reject) => {
    const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
    const type =
      text === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) }
    const request = send(running.url, { method, path, agent, headers: { ...type, ...headers } }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        const json: unknown =
          /json/.test(response.headers['content-type'] ?? '') && text !== '' ? JSON.parse(text) : undefined
        resolve({ status: response.statusCode!, headers: response.headers as Reply['headers'], text, json })
      })
    })
    request.on('error', reject)
    request.end(text)
  })

const at = (id: string, rest = '') => `/v1/objects/${encodeURIComponent(id)}${rest}`
const report = (id: string, by: string, state: string) => call('PUT', at(id, `/reports/${by}?wait=5s`), { state })
const inAnHour = () => Date.now() + 3_600_000
const override = (state: string, more: object = {}) => ({ state, reason: 'works', expiresAt: inAnHour(), ...more })
const etagOf = async (id: string) => (await call('GET', at(id))).headers.etag!
let nth = 0
const fresh = () => `case/${++nth}`

/** Everything told goes here: Jest's stdout calls no one back, so the console would seem stuck. */
const told: { type: string; data: { object: string; state: string; previous: string | null } }[] = []
const receiver = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    told.push(JSON.parse(Buffer.concat(chunks).toString('utf8')))
    response.end()
  })
})

beforeAll(async () => {
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  const webhook = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`
  const config = loadConfig('standalone', {
    argv: ['--port', '0', '--data-dir', ':memory:', '--log-level', 'error'],
    env: { QUORATE_WEBHOOK_URL: webhook },
    readFile: () => '',
  })
  const log = await openEmbeddedLog({ memory: true })
  running = await startStandalone(config, { log })
  const ready = async () => (await call('GET', '/readyz')).status === 200
  while (!(await ready())) await new Promise(setImmediate)
})
afterAll(async () => {
  agent.destroy()
  await running.close()
  receiver.closeAllConnections()
  receiver.close()
})

describe('an override', () => {
  it('on an object that is not there needs no If-Match, and creates it', async () => {
    const id = fresh()
    const { status, json, headers } = await call('PUT', at(id, '/override'), override('down'))
    expect([status, json.state, json.override.author, json.override.reason]).toEqual([200, 'down', 'local', 'works'])
    expect(headers['quorate-position']).toMatch(/^\d+@\d+$/)
    expect(json.override.expiresAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  })

  it('on an existing object is refused without If-Match (428), and tells the ETag', async () => {
    const id = fresh()
    await report(id, 'a', 'up')
    const { status, json, headers } = await call('PUT', at(id, '/override'), override('down'))
    expect([status, json.code, headers.etag]).toEqual([428, 'precondition-required', await etagOf(id)])
  })

  it('is refused with a stale ETag (412), and tells the current one', async () => {
    const id = fresh()
    await report(id, 'a', 'up')
    const stale = await etagOf(id)
    await report(id, 'a', 'down')
    const { status, json, headers } = await call('PUT', at(id, '/override'), override('up'), { 'if-match': stale })
    expect([status, json.code]).toEqual([412, 'precondition-failed'])
    expect(headers.etag).toBe(await etagOf(id))
    expect(headers.etag).not.toBe(stale)
    expect((await call('PUT', at(fresh(), '/override'), override('up'), { 'if-match': stale })).status).toBe(412)
  })

  it('is not failed by marks that moved', async () => {
    const id = fresh()
    await report(id, 'a', 'up')
    await report(id, 'b', 'up')
    const seen = await etagOf(id)
    await report(id, 'a', 'down')
    expect((await call('GET', at(id))).json.contested).toBe(true)
    expect(await etagOf(id)).not.toBe(seen)
    expect((await call('PUT', at(id, '/override'), override('down'), { 'if-match': seen })).status).toBe(200)
  })

  it.each<[string, object, string[]]>([
    ['without reason', { state: 'up', expiresAt: inAnHour() }, ['/reason']],
    ['without end', { state: 'up', reason: 'r' }, ['/expiresAt']],
    ['with an end in the past', override('up', { expiresAt: 1 }), ['/expiresAt']],
    ['with an end too far', override('up', { expiresAt: Date.now() + 700_000_000 }), ['/expiresAt']],
    ['with an end that is no time', override('up', { expiresAt: 'tomorrow' }), ['/expiresAt']],
    ['with an author', override('up', { author: 'me' }), ['/author']],
    ['with a bad state and a bad mode', override('UP', { mode: 'soft' }), ['/mode', '/state']],
  ])('%s is refused (422) with its places', async (_, body, places) => {
    const { status, json } = await call('PUT', at(fresh(), '/override'), body)
    expect([status, json.code]).toEqual([422, 'invalid'])
    expect(json.errors.map(({ pointer }: { pointer: string }) => pointer).sort()).toEqual(places)
  })

  it('put twice is one event', async () => {
    const id = fresh()
    const body = override('down')
    const first = await call('PUT', at(id, '/override'), body)
    const second = await call('PUT', at(id, '/override'), body, { 'if-match': first.headers.etag! })
    expect([first.status, second.status]).toEqual([200, 200])
    expect([second.headers.etag, second.text]).toEqual([first.headers.etag, first.text])
    expect((await call('GET', at(id, '/history'))).json.items).toHaveLength(1)
  })

  it('is cleared with the ETag; what is not there is 404', async () => {
    const id = fresh()
    await report(id, 'a', 'up')
    const set = await call('PUT', at(id, '/override'), override('down'), { 'if-match': await etagOf(id) })
    expect((await call('DELETE', at(id, '/override'))).status).toBe(428)
    const cleared = await call('DELETE', at(id, '/override?reason=over'), undefined, { 'if-match': set.headers.etag! })
    expect([cleared.status, cleared.json.state, cleared.json.override, cleared.json.cause]).toEqual([
      200,
      'up',
      null,
      'override-cleared',
    ])
    expect((await call('DELETE', at(id, '/override'), undefined, { 'if-match': cleared.headers.etag! })).status).toBe(
      404,
    )
    expect((await call('DELETE', at(fresh(), '/override'), undefined, { 'if-match': '*' })).status).toBe(404)
  })

  it('answers 202 and the position when it is not to wait', async () => {
    const id = fresh()
    const { status, json, headers } = await call('PUT', at(id, '/override?wait=0'), override('down'))
    expect([status, json]).toEqual([202, { position: headers['quorate-position'] }])
    const read = await call('GET', at(id), undefined, { 'quorate-min-position': headers['quorate-position']! })
    expect([read.status, read.json.state]).toEqual([200, 'down'])
  })
})

describe('an object', () => {
  it('is set for the longest that the policy permits when no end is given', async () => {
    const id = fresh()
    const { status, json } = await call('PUT', at(id), { state: 'down', reason: 'r' })
    expect([status, json.state]).toEqual([200, 'down'])
    const left = Date.parse(json.override.expiresAt as string) - Date.now()
    expect(left).toBeGreaterThan(604_800_000 - 60_000)
    expect(left).toBeLessThanOrEqual(604_800_000)
  })

  it('is deleted with its ETag (204), and then is not there (404)', async () => {
    const id = fresh()
    await report(id, 'a', 'up')
    expect((await call('DELETE', at(id))).status).toBe(428)
    const { status, text, headers } = await call('DELETE', at(id), undefined, { 'if-match': await etagOf(id) })
    expect([status, text]).toEqual([204, ''])
    expect(headers['quorate-position']).toMatch(/^\d+@\d+$/)
    const gone = await call('GET', at(id))
    expect([gone.status, gone.json.code, gone.headers['quorate-role']]).toEqual([404, 'not-found', 'active'])
    expect((await call('DELETE', at(id), undefined, { 'if-match': '*' })).status).toBe(404)
  })

  it('has not changed while only the tally moved (304)', async () => {
    const id = fresh()
    await report(id, 'a', 'up')
    const etag = await etagOf(id)
    const moved = await report(id, 'b', 'up')
    expect(moved.json.tally).toEqual({ up: 2 })
    const same = await call('GET', at(id), undefined, { 'if-none-match': etag })
    expect([same.status, same.text, same.headers.etag]).toEqual([304, '', etag])
    await report(id, 'c', 'down')
    await report(id, 'b', 'down')
    expect((await call('GET', at(id), undefined, { 'if-none-match': etag })).status).toBe(200)
  })

  it.each([
    'site/x',
    '100%',
    'a%2Fb',
    'a#b',
    'a?b=c',
    ' a  b ',
    'größe/東京/🚀',
    '.',
    '..',
    'x',
    'ü'.repeat(256),
    '/'.repeat(512),
  ])('may be called %s', async (id) => {
    expect((await report(id, encodeURIComponent('agent/ü #1?'), 'up')).json.object).toBe(id)
    expect((await call('GET', at(id))).json.object).toBe(id)
    expect((await call('GET', at(id, '/explanation'))).json.agents[0].agent).toBe('agent/ü #1?')
    expect((await call('DELETE', at(id), undefined, { 'if-match': '*' })).status).toBe(204)
  })

  it('is another than one that differs in case only', async () => {
    await report('Case', 'a', 'up')
    expect((await call('GET', at('case'))).status).toBe(404)
  })

  it.each([
    ['513 bytes', 'x'.repeat(513)],
    ['a control character', 'a\u0007'],
  ])('may not have %s (422)', async (_, id) => {
    expect([(await call('GET', at(id))).status, (await report(id, 'a', 'up')).status]).toEqual([422, 422])
  })

  it('says where its answer comes from', async () => {
    const id = fresh()
    const { headers } = await report(id, 'a', 'up')
    const read = await call('GET', at(id))
    expect(read.headers).toMatchObject({
      'quorate-partition': headers['quorate-position']!.split('@')[0],
      'quorate-position': headers['quorate-position'],
      'quorate-owner': running.url,
      'quorate-role': 'active',
      'quorate-lag': '0',
    })
    expect(Date.parse(read.headers['quorate-as-of']!)).toBeGreaterThan(Date.now() - 60_000)
  })

  it('is not answered older than the position asked for: 504 when that does not come', async () => {
    const id = fresh()
    const { headers } = await report(id, 'a', 'up')
    const [partition, offset] = headers['quorate-position']!.split('@').map(Number)
    const ahead = { 'quorate-min-position': `${partition}@${offset! + 1000}, ${(partition! + 1) % 8}@-1` }
    const { status, json } = await call('GET', at(id, '?wait=50ms'), undefined, ahead)
    expect([status, json.code]).toEqual([504, 'position-timeout'])
    expect((await call('GET', at(id), undefined, { 'quorate-min-position': 'x' })).status).toBe(400)
    const list = await call('GET', '/v1/objects?wait=50ms', undefined, ahead)
    expect(list.json).toMatchObject({ complete: false, missing: [{ partition, reason: 'position-timeout' }] })
    expect((await call('GET', '/v1/objects?wait=50ms&partial=refuse', undefined, ahead)).status).toBe(504)
  })
})

describe('reports', () => {
  it('are accepted with their position, and shown when waited for', async () => {
    const id = fresh()
    const { status, json, headers } = await call('PUT', at(id, '/reports/a'), {
      state: 'up',
      observedAt: new Date().toISOString(),
      evidence: { valueOf: 1 },
    })
    expect([status, json.position]).toEqual([202, headers['quorate-position']])
    const shown = await report(id, 'b', 'down')
    expect([shown.status, shown.json.tally]).toEqual([200, { down: 1, up: 1 }])
    expect((await call('GET', at(id, '/explanation'))).json.agents[0]).toMatchObject({
      agent: 'a',
      evidence: { valueOf: 1 },
      standing: 'counted',
    })
  })

  it('are taken away by an operator', async () => {
    const id = fresh()
    await report(id, 'a', 'up')
    await report(id, 'b', 'up')
    expect((await call('DELETE', at(id, '/reports/b'))).status).toBe(202)
    const left = await call('DELETE', at(id, '/reports/a?wait=5s'))
    expect([left.status, left.json.state, left.json.stale]).toEqual([200, 'up', true])
  })

  it('come many at once, as an array or as lines; bad ones are named', async () => {
    const items = Array.from({ length: 5_000 }, (_, i) => ({
      object: `bulk/${i % 500}`,
      agent: `a${i % 3}`,
      state: 'up',
      seq: i,
    }))
    const { status, json } = await call('POST', '/v1/reports', [...items, { object: 'x' }])
    expect([status, json.accepted, json.rejected.map(({ index }: { index: number }) => index)]).toEqual([
      202,
      5_000,
      [5_000],
    ])
    const seen = await call('GET', '/v1/objects?prefix=bulk/&limit=1000', undefined, {
      'quorate-min-position': json.position,
    })
    expect([seen.json.items.length, seen.json.complete, seen.json.next]).toEqual([500, true, undefined])
    const lines = items.map((item) => JSON.stringify({ ...item, object: 'lines', state: 'down' })).join('\n')
    const { json: taken } = await call('POST', '/v1/reports', lines, { 'content-type': 'application/x-ndjson' })
    expect(taken).toMatchObject({ accepted: 5_000, rejected: [] })
    expect((await call('GET', at('lines'), undefined, { 'quorate-min-position': taken.position })).json.state).toBe(
      'down',
    )
  })

  it('without a body, or as something else, are refused', async () => {
    expect((await call('POST', '/v1/reports')).status).toBe(400)
    expect((await call('POST', '/v1/reports', '{}')).status).toBe(400)
    expect((await call('POST', '/v1/reports', 'a', { 'content-type': 'text/plain' })).status).toBe(415)
    expect((await call('PUT', at('x', '/reports/a'), { state: 'up', extra: 1 })).json.errors).toEqual([
      { pointer: '/extra', detail: 'unknown field' },
    ])
  })
})

describe('the list', () => {
  it('goes on with its cursor while objects are added: nothing twice, nothing left out', async () => {
    const before = Array.from({ length: 57 }, (_, i) => `list/${String(i * 2).padStart(3, '0')}`)
    await call(
      'POST',
      '/v1/reports',
      before.map((object) => ({ object, agent: 'a', state: 'up' })),
    )
    const seen: string[] = []
    let cursor = ''
    for (let page = 0; ; page++) {
      const added = await report(`list/${String((page * 17 + 1) % 100).padStart(3, '0')}`, 'a', 'up')
      const { json } = await call('GET', `/v1/objects?prefix=list/&limit=10${cursor}`, undefined, {
        'quorate-min-position': added.headers['quorate-position']!,
      })
      expect(json.complete).toBe(true)
      expect(json.items.length).toBeLessThanOrEqual(10)
      seen.push(...json.items.map(({ object }: { object: string }) => object))
      if (json.next === undefined) break
      cursor = `&cursor=${json.next}`
    }
    expect(seen).toEqual([...new Set(seen)].sort())
    expect(seen).toEqual(expect.arrayContaining(before))
  })

  it('is in the order of UTF-8 bytes', async () => {
    const ids = ['order/\uffee', 'order/🚀', 'order/a', 'order/Z', 'order/é']
    for (const id of ids) await report(id, 'a', 'up')
    const { json } = await call('GET', '/v1/objects?prefix=order/')
    expect(json.items.map(({ object }: { object: string }) => object)).toEqual(
      [...ids].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    )
  })

  it.each([
    ['state=down', ['f/d', 'f/o']],
    ['voted=up', ['f/c', 'f/o', 'f/u']],
    ['contested=true', ['f/c']],
    ['contested=false&state=up', ['f/u']],
    ['overridden=true', ['f/o']],
    ['divergent=true', ['f/o']],
    ['stale=true', []],
    ['flapping=true', []],
  ])('shows what %s asks for', async (filter, expected) => {
    if (!(await call('GET', at('f/o'))).json?.override) {
      await report('f/u', 'a', 'up')
      await report('f/d', 'a', 'down')
      await report('f/c', 'a', 'up')
      await report('f/c', 'b', 'up')
      await report('f/c', 'a', 'down')
      await report('f/o', 'a', 'up')
      await call('PUT', at('f/o', '/override'), override('down'), { 'if-match': '*' })
    }
    const { json } = await call('GET', `/v1/objects?prefix=f/&${filter}`)
    expect(json.items.map(({ object }: { object: string }) => object)).toEqual(expected)
  })

  it.each([
    'limit=0',
    'limit=10001',
    'limit=x',
    'stale=maybe',
    'state=UP',
    'partial=yes',
    'unknown=1',
    'limit=1&limit=2',
    'after=x',
  ])('refuses %s (422)', async (query) => {
    expect((await call('GET', `/v1/objects?${query}`)).status).toBe(422)
  })
  it('refuses a cursor that is none of ours (400)', async () => {
    expect((await call('GET', '/v1/objects?cursor=abc')).status).toBe(400)
  })
})

describe('policies', () => {
  it('are put, shown with their defaults, in force at once, and deleted', async () => {
    const put = await call('PUT', '/v1/policies/three', { match: 'p/*', quorum: 3, electorate: ['a', 'b', 'c'] })
    expect([put.status, put.json.ttl, put.json.name]).toEqual([200, 60, 'three'])
    expect(put.headers['quorate-position']!.split(', ')).toHaveLength(8)
    expect((await call('GET', '/v1/policies/three')).json).toEqual(put.json)
    expect((await call('GET', '/v1/policies')).json.items.map(({ name }: { name: string }) => name)).toEqual([
      'three',
      'default',
    ])
    await report('p/1', 'a', 'up')
    expect((await report('p/1', 'b', 'up')).json).toMatchObject({ state: 'unknown', quorum: 3, policy: 'three' })
    const deleted = await call('DELETE', '/v1/policies/three')
    expect(deleted.status).toBe(204)
    const read = await call('GET', at('p/1'), undefined, {
      'quorate-min-position': deleted.headers['quorate-position']!,
    })
    expect(read.json).toMatchObject({ state: 'up', policy: 'default' })
    expect((await call('DELETE', '/v1/policies/three')).status).toBe(404)
    expect((await call('GET', '/v1/policies/three')).status).toBe(404)
  })

  it.each<[object, string[]]>([
    [{ match: '**', ttl: 7200 }, ['/memory']],
    [{ match: '**', nonsense: 1 }, ['/nonsense']],
    [{ match: '**', method: 'ordered' }, ['/states']],
    [{ match: '**', name: 'other' }, ['/name']],
    [{ match: '**', electorate: ['a'] }, ['/electorate/0']],
    [{}, ['/match']],
  ])('such as %j are refused (422) with their places', async (body, places) => {
    const { status, json } = await call('PUT', '/v1/policies/bad', body)
    expect([status, json.errors.map(({ pointer }: { pointer: string }) => pointer)]).toEqual([422, places])
  })

  it('called default are built in', async () => {
    expect((await call('GET', '/v1/policies/default')).json.ttl).toBe(60)
    expect((await call('PUT', '/v1/policies/default', { match: '**' })).status).toBe(422)
    expect((await call('DELETE', '/v1/policies/default')).status).toBe(409)
  })
})

describe('agents', () => {
  it('are given weight, muted, and removed', async () => {
    const put = await call('PUT', '/v1/agents/heavy%2F1', { weight: 3 })
    expect([put.status, put.json]).toEqual([200, { agent: 'heavy/1', weight: 3, muted: false }])
    const bound = { 'quorate-min-position': put.headers['quorate-position']! }
    await call('GET', '/v1/objects', undefined, bound)
    await report('weighed', 'a', 'up')
    await report('weighed', 'b', 'up')
    expect((await report('weighed', 'heavy%2F1', 'down')).json.state).toBe('down')
    expect((await call('GET', '/v1/agents')).json.items).toEqual([put.json])
    const removed = await call('DELETE', '/v1/agents/heavy%2F1')
    expect(removed.status).toBe(204)
    const read = await call('GET', at('weighed'), undefined, {
      'quorate-min-position': removed.headers['quorate-position']!,
    })
    expect([read.json.state, read.json.cause]).toEqual(['up', 'agent-removed'])
    expect((await call('GET', '/v1/agents/heavy%2F1')).status).toBe(404)
    expect((await call('PUT', '/v1/agents/x', { weight: -1 })).status).toBe(422)
  })
})

describe('the cluster', () => {
  it('shows every partition with its owner and task', async () => {
    const { json } = await call('GET', '/v1/cluster')
    expect(json.partitions).toHaveLength(8)
    for (const partition of json.partitions)
      expect(partition).toMatchObject({ owner: running.url, role: 'active', state: 'running', lag: 0 })
    expect(json.members).toEqual([expect.objectContaining({ url: running.url, self: true, reachable: true })])
  })
})

describe('health and metrics', () => {
  it('cover both applications', async () => {
    const { json } = await call('GET', '/readyz?verbose')
    expect(json.checks.map(({ name }: { name: string }) => name)).toEqual(['aggregator', 'log', 'notifier', 'log'])
    expect((await call('GET', '/livez')).status).toBe(200)
    const { text } = await call('GET', '/metrics')
    for (const app of ['aggregator', 'notifier'])
      expect(text).toContain(`quorate_task_running{partition="0",app="${app}"} 1`)
    expect(text).toMatch(/quorate_reports_total\{outcome="applied",app="aggregator"\} [1-9]/)
  })
})

describe('the notifier beside it', () => {
  it('tells a change, and shows what it told', async () => {
    const id = fresh()
    await report(id, 'a', 'down')
    while (!told.some(({ data }) => data.object === id)) await new Promise(setImmediate)
    expect(told.find(({ data }) => data.object === id)).toMatchObject({
      type: 'object.changed',
      data: { state: 'down', previous: null },
    })
    expect((await call('GET', `/v1/deliveries?object=${encodeURIComponent(id)}`)).json.items).toHaveLength(1)
  })
})
