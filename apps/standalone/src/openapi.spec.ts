import 'reflect-metadata'
import { loadConfig } from '@quorate/config'
import { openEmbeddedLog } from '@quorate/log/embedded'
import Ajv from 'ajv/dist/2020'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Standalone, startStandalone } from './bootstrap'

type Json = Record<string, any> // eslint-disable-line @typescript-eslint/no-explicit-any -- a document of any shape

const COMMITTED = join(__dirname, '../../../docs/openapi.json')
let running: Standalone
let document: Json
let ajv: Ajv

const sent = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
  const json: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' }
  return fetch(`${running.url}${path}`, {
    method,
    headers: { ...json, ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
}

/** The operation of a request: the template with the same segments, literal ones first. */
function operationOf(method: string, path: string): Json {
  const segments = new URL(path, running.url).pathname.split('/')
  const fits = (template: string) => {
    const parts = template.split('/')
    return parts.length === segments.length && parts.every((part, i) => part.startsWith('{') || part === segments[i])
  }
  const literal = (template: string) => template.split('/').filter((part) => !part.startsWith('{')).length
  const [template] = Object.keys(document.paths as Json).filter(fits).sort((a, b) => literal(b) - literal(a)) // prettier-ignore
  const operation = template && (document.paths[template][method.toLowerCase()] as Json | undefined)
  if (!operation) throw new Error(`${method} ${path} is not in the document`)
  return operation
}

beforeAll(async () => {
  const argv = ['--port', '0', '--data-dir', ':memory:', '--log-level', 'silent']
  running = await startStandalone(loadConfig('standalone', { argv, env: {}, readFile: () => '' }), {
    log: await openEmbeddedLog({ memory: true }),
  })
  document = (await (await sent('GET', '/openapi.json')).json()) as Json
  ajv = new Ajv({ strict: false, allErrors: true })
  ajv.addFormat('date-time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  ajv.addSchema(document, 'openapi')
  while ((await sent('GET', '/readyz')).status !== 200) await new Promise(setImmediate)
})
afterAll(() => running.close(), 10_000)

describe('the OpenAPI document', () => {
  it('is the committed one (npm run docs:write)', () => {
    expect(existsSync(COMMITTED)).toBe(true)
    expect(document).toEqual(JSON.parse(readFileSync(COMMITTED, 'utf8')))
  })

  it('is of version 3.1, and every reference leads somewhere', () => {
    expect(document.openapi).toBe('3.1.0')
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(
      ([, name]) => name!,
    )
    expect(new Set(references).size).toBeGreaterThan(5)
    for (const name of references) expect(Object.keys(document.components.schemas as Json)).toContain(name)
  })

  it('names each operation once, so that the names of both applications never collide', () => {
    const names = Object.values(document.paths as Json).flatMap((path: Json) =>
      Object.values(path).map((operation) => (operation as Json).operationId as string),
    )
    expect(names.every((name) => typeof name === 'string')).toBe(true)
    expect(names).toEqual([...new Set(names)])
  })

  it('describes every parameter and header, and names every answer and body', () => {
    const faults: string[] = []
    const named = (schema: Json): boolean =>
      schema['$ref'] !== undefined ||
      ((schema['anyOf'] ?? []) as Json[]).some(named) ||
      (schema['items'] !== undefined && named(schema['items'] as Json))
    const isNamed = ({ schema }: Json, type: string) => !type.endsWith('json') || named(schema as Json)
    for (const [path, operations] of Object.entries(document.paths as Json))
      for (const [method, operation] of Object.entries(operations as Json) as [string, Json][]) {
        const at = `${method} ${path}`
        for (const { name, description } of (operation.parameters ?? []) as Json[])
          if (!description) faults.push(`${at}: the parameter ${name} has no description`)
        for (const [type, media] of Object.entries((operation.requestBody?.content ?? {}) as Json))
          if (!named(media.schema as Json)) faults.push(`${at}: the body (${type}) has no name`)
        for (const [status, response] of Object.entries(operation.responses as Json) as [string, Json][]) {
          if (!response.description) faults.push(`${at}: ${status} has no description`)
          for (const [name, { description }] of Object.entries((response.headers ?? {}) as Json) as [string, Json][])
            if (!description) faults.push(`${at}: the header ${name} of ${status} has no description`)
          for (const [type, media] of Object.entries((response.content ?? {}) as Json))
            if (!isNamed(media as Json, type)) faults.push(`${at}: the answer ${status} (${type}) has no name`)
          const isProblem = Number(status) >= 400 && !(status === '503' && path.endsWith('z'))
          if (isProblem && Object.keys((response.content ?? {}) as Json).join() !== 'application/problem+json')
            faults.push(`${at}: ${status} is no problem`)
        }
      }
    expect(faults).toEqual([])
  })
})

const silence = {
  match: { object: 'x' },
  startsAt: '2026-01-01T00:00:00Z',
  endsAt: '2999-01-01T00:00:00Z',
  author: 'ann',
  comment: 'works',
}
const called = new Set<string>()
const hour = () => new Date(Date.now() + 3_600_000).toISOString()
const at = (id: string, rest = '') => `/v1/objects/${encodeURIComponent(id)}${rest}`

describe('the running service', () => {
  it.each<[string, string, unknown?, Record<string, string>?, number?]>([
    ['PUT', at('x', '/reports/a'), { state: 'up', seq: 1, evidence: { a: 1 } }, {}, 202],
    ['PUT', at('x', '/reports/b?wait=5s'), { state: 'down' }, {}, 200],
    ['PUT', at('x', '/reports/b'), { state: 'DOWN' }, {}, 422],
    ['PUT', at('x', '/reports/b'), undefined, {}, 422],
    ['POST', '/v1/reports', [{ object: 'x', agent: 'c', state: 'up' }, {}], {}, 202],
    ['POST', '/v1/reports', {}, {}, 400],
    ['GET', at('x', '?wait=5s'), undefined, {}, 200],
    ['GET', at('x'), undefined, { 'if-none-match': '*' }, 304],
    ['GET', at('x'), undefined, { 'if-none-match': 'bad' }, 400],
    [
      'GET',
      at('x', '?wait=0s'),
      undefined,
      { 'quorate-min-position': '0@9999, 1@9999, 2@9999, 3@9999, 4@9999, 5@9999, 6@9999, 7@9999' },
      504,
    ],
    ['GET', at('nothing'), undefined, {}, 404],
    ['GET', at('x', '/explanation'), undefined, {}, 200],
    ['GET', at('nothing', '/explanation'), undefined, {}, 404],
    ['GET', at('x', '/history'), undefined, {}, 200],
    ['PUT', at('x', '/override'), { state: 'up', reason: 'r', expiresAt: hour() }, {}, 428],
    ['PUT', at('x', '/override'), { state: 'up', reason: 'r', expiresAt: hour() }, { 'if-match': '"0.0.0.0"' }, 412],
    [
      'PUT',
      at('x', '/override'),
      { state: 'down', reason: 'r', expiresAt: hour(), mode: 'pin' },
      { 'if-match': '*' },
      200,
    ],
    ['GET', '/v1/objects?overridden=true', undefined, {}, 200],
    ['GET', '/v1/objects?limit=0', undefined, {}, 422],
    ['GET', '/v1/objects?cursor=x', undefined, {}, 400],
    ['GET', at('x', '/history'), undefined, {}, 200],
    ['DELETE', at('x', '/override'), undefined, { 'if-match': '*' }, 200],
    ['PUT', at('y'), { state: 'up', reason: 'r' }, {}, 200],
    ['DELETE', at('y', '/override'), undefined, { 'if-match': '*' }, 204],
    ['DELETE', at('x', '/reports/a'), undefined, {}, 202],
    ['DELETE', at('x'), undefined, {}, 428],
    ['DELETE', at('x'), undefined, { 'if-match': '*' }, 204],
    ['DELETE', at('x'), undefined, { 'if-match': '*' }, 404],
    [
      'PUT',
      '/v1/policies/p',
      { match: 'p/**', states: ['up', 'down'], thresholds: { down: 1 }, groups: { g: ['a'] }, confirm: { '*': 1 } },
      {},
      200,
    ],
    ['PUT', '/v1/policies/q', { match: 'q/**', ttl: -1 }, {}, 422],
    ['GET', '/v1/policies', undefined, {}, 200],
    ['GET', '/v1/policies/p', undefined, {}, 200],
    ['GET', '/v1/policies/none', undefined, {}, 404],
    ['DELETE', '/v1/policies/p', undefined, {}, 204],
    ['DELETE', '/v1/policies/default', undefined, {}, 409],
    ['PUT', '/v1/agents/a', { weight: 2, muted: null }, {}, 200],
    ['GET', '/v1/agents', undefined, {}, 200],
    ['GET', '/v1/agents/a', undefined, {}, 200],
    ['DELETE', '/v1/agents/a?wait=0', undefined, {}, 202],
    ['PUT', '/v1/policies/p', undefined, {}, 422],
    ['PUT', '/v1/receivers/r', undefined, {}, 422],
    ['PUT', '/v1/inhibitions/i', undefined, {}, 422],
    ['PUT', '/v1/routes', undefined, {}, 422],
    ['GET', '/v1/cluster', undefined, {}, 200],
    ['GET', '/v1/states/stream', undefined, { 'last-event-id': 'x' }, 400],
    ['GET', '/v1/deliveries', undefined, {}, 200],
    ['GET', '/v1/deliveries?limit=x', undefined, {}, 422],
    ['GET', '/v1/receivers', undefined, {}, 200],
    ['GET', '/v1/objects?limit=5', undefined, {}, 200],
    ['POST', '/v1/partitions/0/skip', { offset: 9999, reason: 'r' }, {}, 409],
    ['POST', '/v1/partitions/0/acknowledge-source', {}, {}, 409],
    ['POST', '/v1/partitions/99/skip', { offset: 0, reason: 'r' }, {}, 404],
    ['POST', '/v1/notifier/partitions/0/skip', { offset: 9999, reason: 'r' }, {}, 409],
    ['POST', '/v1/notifier/partitions/0/acknowledge-source', {}, {}, 409],
    ['POST', '/v1/notifier/partitions/99/skip', { offset: 0, reason: 'r' }, {}, 404],
    ['PUT', '/v1/policies/listed?dryRun=true', { match: 'x', states: ['up', 'down'] }, {}, 200],
    ['PUT', '/v1/policies/listed', { match: 'listed', states: ['up', 'down'] }, {}, 200],
    ['PUT', '/v1/agents/b?dryRun=true', { weight: 3 }, {}, 200],
    ['PUT', at('listed', '/reports/a?wait=10s'), { state: 'sideways' }, {}, 422],
    ['PUT', at('listed', '/reports/a?wait=10s'), { state: 'sideways', seq: 1 }, {}, 422],
    ['GET', '/v1/dead-letters', undefined, {}, 200],
    ['GET', '/v1/dead-letters/0@0', undefined, {}, 200],
    ['GET', '/v1/dead-letters/0@99', undefined, {}, 404],
    ['POST', '/v1/dead-letters/0@0/replay', undefined, {}, 202],
    ['POST', '/v1/dead-letters/0@0/replay', undefined, {}, 409],
    ['DELETE', '/v1/dead-letters/0@1', undefined, {}, 204],
    ['GET', '/v1/dead-letters?all=true', undefined, {}, 200],
    [
      'PUT',
      '/v1/receivers/r',
      { endpoints: [{ channel: 'webhook', settings: { url: 'http://127.0.0.1:9/' } }] },
      {},
      200,
    ],
    ['GET', '/v1/receivers/r', undefined, {}, 200],
    ['GET', '/v1/receivers/none', undefined, {}, 404],
    ['POST', '/v1/receivers/r/test', undefined, {}, 200],
    ['GET', '/v1/routes', undefined, {}, 200],
    ['PUT', '/v1/routes', { receiver: 'r', routes: [{ match: { object: 'a/**' }, receiver: 'r' }] }, {}, 200],
    ['POST', '/v1/routes/test', { object: 'a/b', state: 'down' }, {}, 200],
    ['POST', '/v1/routes/test', {}, {}, 422],
    ['DELETE', '/v1/receivers/r', undefined, {}, 409],
    ['DELETE', '/v1/routes', undefined, {}, 204],
    ['DELETE', '/v1/routes', undefined, {}, 404],
    ['DELETE', '/v1/receivers/r', undefined, {}, 204],
    ['POST', '/v1/silences?preview=true', silence, {}, 200],
    ['POST', '/v1/silences', silence, {}, 201],
    ['PUT', '/v1/silences/s', silence, {}, 200],
    ['PUT', '/v1/silences/s?preview=true', silence, {}, 200],
    ['GET', '/v1/silences', undefined, {}, 200],
    ['GET', '/v1/silences/s', undefined, {}, 200],
    ['DELETE', '/v1/silences/s', undefined, {}, 204],
    ['DELETE', '/v1/silences/none', undefined, {}, 404],
    ['PUT', '/v1/inhibitions/i', { parent: 'site', dependants: 'site/*' }, {}, 200],
    ['GET', '/v1/inhibitions', undefined, {}, 200],
    ['GET', '/v1/inhibitions/i', undefined, {}, 200],
    ['DELETE', '/v1/inhibitions/i', undefined, {}, 204],
    ['POST', '/v1/templates/preview', { channel: 'email', template: { subject: '{{ object' } }, {}, 200],
    ['POST', '/v1/templates/preview', { channel: 'none' }, {}, 422],
    ['POST', '/v1/deliveries/none/redrive', undefined, {}, 404],
    ['DELETE', '/v1/deliveries/none', undefined, {}, 404],
    ['GET', '/metrics', undefined, {}, 200],
    ['GET', '/livez', undefined, {}, 200],
    ['GET', '/readyz?verbose', undefined, {}, 200],
  ])('answers %s %s as it says', async (method, path, body, headers, expected) => {
    const response = await sent(method, path, body, headers)
    const text = await response.text()
    expect({ status: response.status, text: response.status === expected ? undefined : text }).toEqual({
      status: expected,
      text: undefined,
    })
    const operation = operationOf(method, path)
    called.add(operation.operationId as string)
    const described = operation.responses[response.status] as Json | undefined
    expect(described).toBeDefined()
    const type = response.headers.get('content-type')?.split(';')[0]
    if (text === '') return
    const schema = described!.content?.[type!]?.schema as Json | undefined
    expect(schema).toBeDefined()
    if (!type!.endsWith('json')) return
    const check = ajv.compile(
      JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"openapi#/components')) as object,
    )
    expect({ valid: check(JSON.parse(text)), errors: check.errors, text }).toMatchObject({ valid: true, errors: null })
    const promised = Object.entries((described!.headers ?? {}) as Record<string, { required?: boolean }>)
    for (const [name] of promised.filter(([, { required }]) => required !== false))
      expect([name, response.headers.get(name)]).toEqual([name, expect.any(String)])
  })

  it('is asked every operation of the document', async () => {
    const stream = await fetch(`${running.url}/v1/states/stream`)
    expect([stream.status, stream.headers.get('content-type')?.split(';')[0]]).toEqual([200, 'text/event-stream'])
    await stream.body!.cancel()
    const operations = Object.values(document.paths as Json).flatMap((path) => Object.values(path as Json)) as Json[]
    expect(operations.map(({ operationId }) => operationId as string).filter((id) => !called.has(id))).toEqual([])
  })
})
