import 'reflect-metadata'
import { loadConfig } from '@quorate/config'
import { topicNames } from '@quorate/contracts'
import type { Log } from '@quorate/log'
import { openEmbeddedLog } from '@quorate/log/embedded'
import { type Standalone, startStandalone } from './bootstrap'

jest.setTimeout(60_000)

let running: Standalone
let log: Log
const { reports } = topicNames('quorate')

const call = async (method: string, path: string, text?: string, headers: Record<string, string> = {}) => {
  const response = await fetch(`${running.url}${path}`, {
    method,
    headers: { ...(text === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(text === undefined ? {} : { body: text }),
  })
  return { status: response.status, position: response.headers.get('quorate-position')!, text: await response.text() }
}
const at = (id: string, rest = '') => `/v1/objects/${encodeURIComponent(id)}${rest}`

beforeAll(async () => {
  const argv = ['--port', '0', '--data-dir', ':memory:', '--log-level', 'silent', '--partitions', '1']
  log = await openEmbeddedLog({ memory: true })
  running = await startStandalone(loadConfig('standalone', { argv, env: {}, readFile: () => '' }), { log })
  while ((await call('GET', '/readyz')).status !== 200) await new Promise(setImmediate)
})
afterAll(() => running.close())

/** Every way in, but the command line (test/system/cli.system.ts): each writes a report whose evidence is this text. */
const DOORS: [string, (object: string, evidence: string) => Promise<{ status: number; position: string }>][] = [
  ['HTTP', (id, evidence) => call('PUT', at(id, '/reports/a'), `{"state":"up","evidence":${evidence}}`)],
  [
    'a bulk',
    (id, evidence) =>
      call('POST', '/v1/reports', `[{"object":"${id}","agent":"a","state":"up","evidence":${evidence}}]`),
  ],
  [
    'a bulk of lines',
    (id, evidence) =>
      call('POST', '/v1/reports', `{"object":"${id}","agent":"a","state":"up","evidence":${evidence}}\n`, {
        'content-type': 'application/x-ndjson',
      }),
  ],
  [
    'the log',
    async (id, evidence) => {
      const value = `{"agent":"a","state":"up","evidence":${evidence}}`
      const [position] = await log.append([{ topic: reports, partition: 0, key: id, value }])
      return { status: 202, position: `0@${position!.offset}` }
    },
  ],
]

describe.each(DOORS)('evidence by %s', (door, write) => {
  const id = `doors/${door}`
  const evidenceOf = async (position: string) => {
    const { text } = await call('GET', at(id, '/explanation?wait=10s'), undefined, { 'quorate-min-position': position })
    return /"evidence":(.*?)\}\]/.exec(text)?.[1]
  }

  it.each([
    ['{"id":9007199254740993,"n":[-18446744073709551616,1e400]}', undefined],
    ['[1.50,1e3]', '[1.5,1000]'],
    ['{"a":12345678901234567890,"b":1,"a":2}', '{"a":2,"b":1}'],
  ])('keeps every number, and the last of two members: %s', async (evidence, kept = evidence) => {
    const { status, position } = await write(id, evidence)
    expect(status).toBe(202)
    expect(await evidenceOf(position)).toBe(kept)
  })
})

describe('a member that is there twice', () => {
  it('counts as it was written last', async () => {
    const body = '{"state":"down","state":"up","evidence":1,"evidence":2}'
    const { text } = await call('PUT', at('twice', '/reports/a?wait=10s'), body)
    expect(JSON.parse(text)).toMatchObject({ state: 'up' })
  })
})

describe('a number that is no evidence', () => {
  it.each([
    '{"state":"up","seq":9007199254740993}',
    '{"state":"up","ttl":9007199254740993}',
    '{"state":"up","seq":1e400}',
  ])('is refused beyond what is exact: %s', async (body) => {
    const { status, text } = await call('PUT', at('x', '/reports/a'), body)
    expect([status, JSON.parse(text).errors[0].pointer]).toEqual([422, expect.stringMatching(/^\/(seq|ttl)$/)])
  })
})

describe('a cursor', () => {
  it('goes on with its own filter alone', async () => {
    for (const id of ['page/1', 'page/2', 'page/3']) await call('PUT', at(id, '/reports/a?wait=10s'), '{"state":"up"}')
    const path = '/v1/objects?prefix=page/&state=up'
    const { next } = JSON.parse((await call('GET', `${path}&limit=1`)).text) as { next: string }
    const rest = JSON.parse((await call('GET', `${path}&limit=5&cursor=${next}`)).text) as {
      items: { object: string }[]
    }
    expect(rest.items.map(({ object }) => object)).toEqual(['page/2', 'page/3'])
    for (const other of ['', 'prefix=page/', 'prefix=page/&state=down', 'prefix=page/&state=up&stale=false']) {
      const { status, text } = await call('GET', `/v1/objects?${other}&cursor=${next}`)
      const detail = expect.stringContaining('another filter') as string
      expect([status, JSON.parse(text)]).toMatchObject([400, { code: 'malformed', detail }])
    }
  })

  it('of the dead letters likewise', async () => {
    for (const id of ['dead/1', 'dead/2'])
      await log.append([{ topic: reports, partition: 0, key: id, value: 'no json' }])
    const list = async (query: string) => JSON.parse((await call('GET', `/v1/dead-letters?${query}`)).text)
    let page = await list('limit=1')
    while (page.next === undefined) page = await list('limit=1')
    expect((await list(`limit=1&all=false&cursor=${page.next}`)).items).toHaveLength(1)
    expect(await list(`all=true&cursor=${page.next}`)).toMatchObject({ status: 400, code: 'malformed' })
    expect(await list('cursor=0@1')).toMatchObject({ status: 400, code: 'malformed' })
  })
})

describe('a PUT without a body', () => {
  it('is refused, and takes nothing away', async () => {
    const receiver = '{"endpoints":[{"channel":"console","settings":{}}]}'
    expect((await call('PUT', '/v1/receivers/kept', receiver)).status).toBe(200)
    const { status, text } = await call('PUT', '/v1/receivers/kept')
    expect([status, JSON.parse(text)]).toMatchObject([422, { code: 'invalid', errors: [{ pointer: '', detail: 'is missing' }] }]) // prettier-ignore
    expect((await call('GET', '/v1/receivers/kept')).status).toBe(200)
  })
})

it.each(['QUERY', 'PATCH', 'POST', 'DELETE'])('%s to what does not take it is 405', async (method) => {
  const { status, text } = await call(method, '/v1/cluster')
  expect([status, JSON.parse(text).code]).toEqual([405, 'method-not-allowed'])
})
