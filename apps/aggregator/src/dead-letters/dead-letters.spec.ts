import 'reflect-metadata'
import { loadConfig } from '@quorate/config'
import type { Running } from '@quorate/http'
import { type EmbeddedLog, openEmbeddedLog } from '@quorate/log/embedded'
import { startAggregator } from '../bootstrap'

interface Shown {
  readonly position: string
  readonly reason: string
  readonly from: string
  readonly key: string | null
  readonly mark: { readonly done: string; readonly by: string; readonly position?: string } | null
}

jest.setTimeout(30_000)

describe('dead letters by REST, in a group of two', () => {
  let log: EmbeddedLog
  let instances: Running[] = []

  const start = async () => {
    const argv = ['--port', '0', '--data-dir', ':memory:', '--log-level', 'silent', '--partitions', '2']
    const env = { KAFKA_BROKERS: 'unused:9092' }
    const running = await startAggregator(loadConfig('aggregator', { argv, env, readFile: () => '' }), { log })
    instances.push(running)
  }
  const call = async (on: number, method: string, path: string, body?: unknown) => {
    const response = await fetch(`${instances[on]!.url}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, json: text === '' ? undefined : JSON.parse(text) }
  }
  const shown = async (on: number, query = ''): Promise<Shown[]> =>
    (await call(on, 'GET', `/v1/dead-letters${query}`)).json.items
  const until = async (holds: () => Promise<boolean>) => {
    while (!(await holds())) await new Promise(setImmediate)
  }
  const report = '{"agent":"a","state":"odd"}'
  const append = (key: string | Buffer | null, value: string | Buffer, partition = 0) =>
    log.append([{ topic: 'quorate.reports', partition, key, value, headers: [['traceparent', 'x']] }])

  beforeAll(async () => {
    log = await openEmbeddedLog({ memory: true })
    await start()
    await start()
    await until(async () => {
      const { json } = await call(0, 'GET', '/v1/cluster')
      return json.members.length === 2 && json.partitions.every(({ state }: { state: string }) => state === 'running')
    })
    const policy = { match: '**', states: ['up', 'down'] }
    expect((await call(0, 'PUT', '/v1/policies/strict', policy)).status).toBe(200)
    await append('o', 'no JSON')
    await append(Buffer.from([0xff]), Buffer.from([0xfe]))
    await append('o', report, (await call(0, 'GET', '/v1/objects/o')).headers.get('quorate-partition') === '0' ? 0 : 1)
    await until(async () => (await shown(0)).length === 3)
  })
  afterAll(async () => {
    for (const instance of instances) await instance.close()
    await log.close()
  })

  it('are listed with where they lay and why, the same by every instance, page by page', async () => {
    const all = await shown(0)
    expect(all.map(({ reason }) => reason.slice(0, 12)).sort()).toEqual([
      '/state: not ',
      'the key is n',
      'the value is',
    ])
    expect(await shown(1)).toEqual(all)
    const pages: Shown[] = []
    for (let cursor = ''; ;) {
      const { json } = await call(1, 'GET', `/v1/dead-letters?limit=1${cursor}`)
      pages.push(...json.items)
      if (!json.next) break
      cursor = `&cursor=${json.next}`
    }
    expect(pages).toEqual(all)
  })

  it('are shown whole: the original key, value and headers', async () => {
    const [odd] = (await shown(0)).filter(({ reason }) => reason.startsWith('/state'))
    expect((await call(1, 'GET', `/v1/dead-letters/${odd!.position}`)).json).toEqual({
      ...odd,
      key: 'o',
      value: report,
      headers: [['traceparent', 'x']],
    })
    const [binary] = (await shown(0)).filter(({ reason }) => reason.startsWith('the key'))
    const { json } = await call(1, 'GET', `/v1/dead-letters/${encodeURIComponent(binary!.position)}`)
    expect([json.keyBase64, json.valueBase64, json.key, json.value]).toEqual(['/w==', '/g==', null, null])
  })

  it('are replayed once, to the partition of their key, and count when what refused them has changed', async () => {
    const [odd] = (await shown(0)).filter(({ reason }) => reason.startsWith('/state'))
    await call(0, 'PUT', '/v1/policies/strict', { match: '**', states: ['up', 'down', 'odd'] })
    const { status, json } = await call(1, 'POST', `/v1/dead-letters/${odd!.position}/replay`)
    expect([status, json.position]).toEqual([202, expect.stringMatching(/^\d@\d+$/)])
    const response = await fetch(`${instances[0]!.url}/v1/objects/o`, {
      headers: { 'quorate-min-position': json.position },
    })
    expect(await response.json()).toMatchObject({ object: 'o', state: 'odd' })
    for (const on of [0, 1])
      expect((await call(on, 'POST', `/v1/dead-letters/${odd!.position}/replay`)).json.code).toBe('conflict')
    expect((await call(0, 'DELETE', `/v1/dead-letters/${odd!.position}`)).status).toBe(409)
    const [mark] = (await shown(0, '?all=true')).filter(({ position }) => position === odd!.position)
    expect(mark!.mark).toMatchObject({ done: 'replayed', by: 'local', position: json.position })
    expect((await shown(1)).map(({ position }) => position)).not.toContain(odd!.position)
  })

  it('are dropped for good, also for an instance that starts later', async () => {
    const [first] = await shown(0)
    expect((await call(0, 'DELETE', `/v1/dead-letters/${first!.position}`)).status).toBe(204)
    expect((await call(1, 'DELETE', `/v1/dead-letters/${first!.position}`)).status).toBe(409)
    expect((await call(1, 'POST', `/v1/dead-letters/${first!.position}/replay`)).status).toBe(409)
    for (const instance of instances) await instance.close()
    instances = []
    await start()
    await until(async () => (await call(0, 'GET', '/readyz')).status === 200)
    expect((await shown(0)).map(({ position }) => position)).not.toContain(first!.position)
    expect((await shown(0, '?all=true')).find(({ position }) => position === first!.position)!.mark!.done).toBe(
      'dropped',
    )
  })

  it.each([
    ['GET', '/v1/dead-letters/0@999', 404],
    ['POST', '/v1/dead-letters/999/replay', 404],
    ['DELETE', '/v1/dead-letters/999', 404],
    ['GET', '/v1/dead-letters/x', 422],
    ['GET', '/v1/dead-letters?limit=0', 422],
    ['GET', '/v1/dead-letters?all=1', 422],
    ['GET', '/v1/dead-letters?cursor=x', 400],
  ])('%s %s is %i', async (method, path, status) => {
    expect((await call(0, method, path)).status).toBe(status)
  })
})
