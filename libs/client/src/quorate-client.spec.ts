import type { ServerResponse } from 'node:http'
import { type Received, type ScriptedServer, scriptedServer, sendJson, sendProblem } from '../testing/scripted-server'
import { ProblemError, QuorateClient, UnreachableError } from '.'

let server: ScriptedServer
const serve = async (answer: (request: Received, response: ServerResponse, nth: number) => void) => {
  server = await scriptedServer(answer)
  return new QuorateClient({ url: server.url, apiKey: 'k-1', maxRetryWaitMs: 20 })
}
afterEach(() => server?.close())

const view = (object: string) => ({ object, incarnation: 0, version: 1, revision: 1, state: 'up' })

describe('requests', () => {
  it('encode an id as one segment and carry the key', async () => {
    const client = await serve((_, response) =>
      sendJson(response, 200, view('site/x ü'), {
        etag: '"0.1.0.1"',
        'quorate-partition': '3',
        'quorate-owner': 'a',
        'quorate-role': 'owner',
        'quorate-position': '3@17',
        'quorate-lag': '2',
        'quorate-as-of': '2026-01-01T00:00:00.000Z',
      }),
    )
    const answer = await client.get('site/x ü', { minPosition: '3@17', wait: 2 })
    expect(server.received[0]).toMatchObject({
      method: 'GET',
      path: '/v1/objects/site%2Fx%20%C3%BC?wait=2s',
      headers: { authorization: 'Bearer k-1', 'quorate-min-position': '3@17' },
    })
    expect(answer).toEqual({
      view: view('site/x ü'),
      etag: '"0.1.0.1"',
      freshness: {
        partition: 3,
        owner: 'a',
        role: 'owner',
        position: '3@17',
        lag: 2,
        asOf: '2026-01-01T00:00:00.000Z',
      },
    })
  })

  it('refuse the two ids that fetch cannot name, before anything is sent', async () => {
    const client = await serve((_, response) => sendJson(response, 200, {}))
    await expect(client.get('..')).rejects.toThrow(RangeError)
    await expect(client.get('')).rejects.toThrow('at least one character')
    expect(server.received).toEqual([])
  })

  it('follow no redirection', async () => {
    const client = await serve((_, response) => response.writeHead(302, { location: '/elsewhere' }).end())
    await expect(client.get('x')).rejects.toThrow(UnreachableError)
    expect(server.received).toHaveLength(1)
  })
})

describe('refusals', () => {
  it('become errors with the stable code, the places and the request id', async () => {
    const client = await serve((_, response) =>
      sendJson(response, 422, {
        code: 'invalid',
        title: 'T',
        detail: 'D',
        errors: [{ pointer: '/ttl', detail: 'no' }],
        requestId: 'r',
      }),
    )
    const error = await client.report('x', 'a', { state: 'up' }).catch((e: unknown) => e)
    expect(error).toMatchObject({ status: 422, code: 'invalid', title: 'T', detail: 'D', message: 'D', requestId: 'r' })
    expect((error as ProblemError).errors).toEqual([{ pointer: '/ttl', detail: 'no' }])
  })

  it('that are no problem+json keep their status', async () => {
    const client = await serve((_, response) => response.writeHead(502).end('<h1>proxy</h1>'))
    await expect(client.get('x')).rejects.toMatchObject({ status: 502, code: 'http-502', detail: '<h1>proxy</h1>' })
  })

  it('of 503 and 429 are tried again, with the same body', async () => {
    const client = await serve((_, response, nth) => {
      if (nth < 3) sendProblem(response, nth === 1 ? 503 : 429, 'restoring', { 'retry-after': '0' })
      else sendJson(response, 202, { position: '0@5' }, { 'quorate-position': '0@5' })
    })
    expect(await client.report('x', 'a', { state: 'up', seq: 3 })).toEqual({ position: '0@5' })
    expect(server.received.map(({ body }) => body)).toEqual(Array(3).fill('{"state":"up","seq":3}'))
  })

  it('of 503 are passed on after the last attempt, with the time to wait', async () => {
    const client = await serve((_, response) => sendProblem(response, 503, 'no-owner', { 'retry-after': '7' }))
    const error = await client.get('x').catch((e: unknown) => e)
    expect(error).toMatchObject({ code: 'no-owner', retryAfterMs: 7000 })
    expect(server.received).toHaveLength(5)
  })

  it('of 504 are not: the write may have happened', async () => {
    const client = await serve((_, response) => sendProblem(response, 504, 'outcome-unknown'))
    await expect(client.report('x', 'a', { state: 'up' })).rejects.toMatchObject({ code: 'outcome-unknown' })
    expect(server.received).toHaveLength(1)
  })

  it('to listen at all name the address and the reason', async () => {
    const client = await serve(() => undefined)
    await server.close()
    await expect(client.get('x')).rejects.toMatchObject({
      name: 'UnreachableError',
      url: server.url,
      reason: 'ECONNREFUSED',
    })
  })
})

describe('writes of operators', () => {
  const override = { state: 'down', reason: 'r', expiresAt: 1 }

  it('send the tag of what was seen', async () => {
    const client = await serve((_, response) => sendJson(response, 200, view('x'), { 'quorate-position': '0@9' }))
    expect(await client.setOverride('x', override, { ifMatch: '"0.1.0.1"' })).toEqual({
      position: '0@9',
      view: view('x'),
    })
    expect(server.received).toHaveLength(1)
    expect(server.received[0]!.headers['if-match']).toBe('"0.1.0.1"')
  })

  it('look the object up first when they are given none', async () => {
    const client = await serve(({ method }, response) =>
      method === 'GET'
        ? sendJson(response, 200, view('x'), { etag: '"0.1.0.1"' })
        : response.writeHead(204, { 'quorate-position': '0@9' }).end(),
    )
    expect(await client.delete('x')).toEqual({ position: '0@9' })
    expect(server.received.map(({ method, headers }) => [method, headers['if-match']])).toEqual([
      ['GET', undefined],
      ['DELETE', '"0.1.0.1"'],
    ])
  })

  it('need no tag for what is not there', async () => {
    const client = await serve(({ method }, response) =>
      method === 'GET' ? sendProblem(response, 404, 'not-found') : sendJson(response, 200, view('x')),
    )
    await client.setOverride('x', override)
    expect(server.received[1]).toMatchObject({ method: 'PUT', path: '/v1/objects/x/override' })
    expect(server.received[1]!.headers['if-match']).toBeUndefined()
  })
})

describe('reports in bulk', () => {
  it('go in order, in bounded chunks, and add up', async () => {
    const client = await serve(({ body }, response, nth) => {
      const lines = body.split('\n').filter(Boolean)
      sendJson(response, 202, {
        accepted: lines.length - 1,
        rejected: [{ index: 1, reason: 'no' }],
        position: `0@${nth}, ${nth}@1`,
      })
    })
    function* reports() {
      for (let i = 0; i < 12_000; i++) yield { object: `o${i}`, agent: 'a', state: 'up', seq: i }
    }
    const answer = await client.reportAll(reports())
    const chunks = server.received.map(({ body }) => body.split('\n').filter(Boolean))
    expect(chunks.map((lines) => lines.length)).toEqual([5000, 5000, 2000])
    expect(chunks.flat().map((line) => (JSON.parse(line) as { seq: number }).seq)).toEqual([...Array(12_000).keys()])
    expect(server.received[0]!.headers['content-type']).toBe('application/x-ndjson')
    expect(answer).toEqual({
      accepted: 11_997,
      rejected: [1, 5001, 10_001].map((index) => ({ index, reason: 'no' })),
      position: '0@3, 1@1, 2@1, 3@1',
    })
  })

  it('are cut by bytes too, and none of none is sent', async () => {
    const client = await serve((_, response) => sendJson(response, 202, { accepted: 1, rejected: [], position: '0@1' }))
    const large = { object: 'o', agent: 'a', state: 'up', evidence: 'x'.repeat(60_000) }
    await client.reportAll(Array(20).fill(large))
    expect(Math.max(...server.received.map(({ body }) => body.length))).toBeLessThanOrEqual(512 * 1024)
    server.received.length = 0
    expect(await client.reportAll([])).toEqual({ accepted: 0, rejected: [], position: '' })
    expect(server.received).toEqual([])
  })
})

describe('settings', () => {
  const trial = {
    evaluated: 3,
    changed: 1,
    updated: 0,
    deleted: 0,
    items: [],
    unlisted: 1,
    complete: true,
    missing: [],
  }

  it('are tried without being written', async () => {
    const client = await serve((_, response) => sendJson(response, 200, trial))
    expect(await client.tryPolicy('a b', { match: '**' })).toEqual(trial)
    expect(await client.tryAgent('x/1', { weight: 2 })).toEqual(trial)
    expect(server.received.map(({ method, path, body }) => [method, path, body])).toEqual([
      ['PUT', '/v1/policies/a%20b?dryRun=true', '{"match":"**"}'],
      ['PUT', '/v1/agents/x%2F1?dryRun=true', '{"weight":2}'],
    ])
  })

  it('of agents are written, read and taken away', async () => {
    const settings = { agent: 'x', weight: 2, muted: false }
    const client = await serve(({ method, path }, response) => {
      if (method === 'DELETE') response.writeHead(204, { 'quorate-position': '0@8' }).end()
      else
        sendJson(response, 200, path === '/v1/agents' ? { items: [settings] } : settings, { 'quorate-position': '0@7' })
    })
    expect(await client.putAgent('x', { weight: 2 })).toEqual({ position: '0@7' })
    expect(await client.agent('x')).toEqual(settings)
    expect(await client.agents()).toEqual([settings])
    expect(await client.removeAgent('x')).toEqual({ position: '0@8' })
  })
})

describe('lists', () => {
  it('go on from page to page', async () => {
    const client = await serve(({ path }, response) =>
      path.includes('cursor=c1')
        ? sendJson(response, 200, { items: [view('c')], complete: true, missing: [] })
        : sendJson(response, 200, { items: [view('a'), view('b')], next: 'c1', complete: true, missing: [] }),
    )
    const seen: string[] = []
    for await (const { object } of client.list({ prefix: 'p/', limit: 2 })) seen.push(object)
    expect(seen).toEqual(['a', 'b', 'c'])
    expect(server.received.map(({ path }) => path)).toEqual([
      '/v1/objects?prefix=p%2F&limit=2&partial=refuse',
      '/v1/objects?prefix=p%2F&limit=2&cursor=c1&partial=refuse',
    ])
  })

  it('name what is missing to who asks', async () => {
    const missing = [{ partition: 2, reason: 'restoring' }]
    const client = await serve((_, response) => sendJson(response, 200, { items: [], complete: false, missing }))
    const told: unknown[] = []
    for await (const _ of client.list({ onMissing: (m) => told.push(m) })) throw new Error('there are none')
    expect(told).toEqual([missing])
  })
})

describe('the stream of states', () => {
  it('goes on where it broke, without the snapshot', async () => {
    const client = await serve(({ headers }, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      if (headers['last-event-id'] === undefined) {
        response.write(
          'id: 0@1\nevent: sync\ndata: {}\n\nid: 0@2\nevent: object.changed\ndata: {"object":"x"}\n\nevent: object.chan',
        )
        setImmediate(() => response.destroy())
      } else
        response.write(
          `id: 0@3\nevent: object.changed\ndata: {"object":"after ${headers['last-event-id'] as string}"}\n\n`,
        )
    })
    const stop = new AbortController()
    const seen: [string, string, unknown][] = []
    for await (const { type, id, data } of client.states({ prefix: 'x', reconnectMs: 1, signal: stop.signal })) {
      seen.push([type, id, 'object' in data ? data.object : undefined])
      if (seen.length === 3) stop.abort()
    }
    expect(seen).toEqual([
      ['sync', '0@1', undefined],
      ['object.changed', '0@2', 'x'],
      ['object.changed', '0@3', 'after 0@2'],
    ])
  })

  it('ends with what the server refuses', async () => {
    const client = await serve((_, response) => sendProblem(response, 410, 'gone'))
    await expect(client.states({ lastEventId: 'old' }).next()).rejects.toMatchObject({ code: 'gone' })
  })
})
