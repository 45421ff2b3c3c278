import 'reflect-metadata'
import { Body, Controller, Delete, Get, HttpCode, Module, Param, Post, Put, Req } from '@nestjs/common'
import { type NestFastifyApplication, RouteConfig } from '@nestjs/platform-fastify'
import { Secret } from '@quorate/config'
import { IsInt, IsString } from 'class-validator'
import type { FastifyRequest } from 'fastify'
import { randomUUID } from 'node:crypto'
import { request as http } from 'node:http'
import type { Readable } from 'node:stream'
import pino from 'pino'
import {
  bodyHash,
  closeEdge,
  createEdge,
  createRegistry,
  type EdgeOptions,
  FORWARDED,
  type HealthCheck,
  merged,
  Requires,
  sign,
  SIGNATURE,
} from '.'
import { Gauge } from 'prom-client'

class Thing {
  @IsString() name!: string
  @IsInt() size!: number
}

@Controller('v1/things')
class Things {
  @Get(':id')
  get(@Param('id') id: string) {
    return { id }
  }
  @Put(':id')
  put(@Param('id') id: string, @Body() thing: Thing) {
    return { id, ...thing }
  }
  @Get(':id/parts/:part')
  part(@Param('id') id: string, @Param('part') part: string) {
    return { id, part }
  }
  @Delete(':id')
  @Requires('operator')
  delete(@Req() request: FastifyRequest) {
    return request.principal
  }
  @Get()
  fail(): never {
    throw new Error('the database password is hunter2')
  }
  @Post('stream')
  @HttpCode(200)
  @RouteConfig({ streamed: true })
  async count(@Body() body: Readable) {
    let bytes = 0
    for await (const chunk of body) bytes += (chunk as Buffer).length
    return { bytes }
  }
}

@Module({ controllers: [Things] })
class ThingsModule {}

const up: HealthCheck = { name: 'a', live: () => true, ready: () => true, details: () => ({ lag: 0 }) }

describe('the HTTP edge', () => {
  let app: NestFastifyApplication
  let url: string
  const open = async (options: Partial<EdgeOptions> = {}) => {
    app = await createEdge({
      modules: [ThingsModule],
      checks: [up],
      metrics: [],
      logger: pino({ level: 'silent' }),
      openapi: { title: 'test', version: '1', description: '' },
      ...options,
    })
    await app.listen(0, '127.0.0.1')
    url = await app.getUrl()
  }
  afterEach(() => closeEdge(app))

  const call = async (
    method: string,
    path: string,
    options: { body?: unknown; headers?: Record<string, string> } = {},
  ) => {
    const body =
      options.body === undefined
        ? undefined
        : typeof options.body === 'string'
          ? options.body
          : JSON.stringify(options.body)
    const headers = { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...options.headers }
    const response = await fetch(`${url}${path}`, { method, headers, ...(body === undefined ? {} : { body }) })
    const text = await response.text()
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {},
    }
  }

  it.each([
    ['a slash', 'site/x'],
    ['a percent sign', '100%'],
    ['an encoded slash, literally', 'a%2Fb'],
    ['a hash', 'a#b'],
    ['a question mark', 'a?b=c'],
    ['spaces', ' a  b '],
    ['a plus', 'a+b'],
    ['UTF-8', 'größe/東京/🚀'],
    ['one byte', 'x'],
    ['a dot', '.'],
    ['two dots', '..'],
    ['a semicolon', 'a;b=1'],
    ['512 bytes', 'ü'.repeat(256)],
    ['512 bytes of slashes', '/'.repeat(512)],
    ['upper case', 'SITE'],
    ['lower case', 'site'],
    ['quotes and backslashes', '"\\\'`'],
  ])('takes an id with %s as one path segment', async (_, id) => {
    await open()
    // fetch would resolve "." and ".." even when they are encoded.
    const encoded = encodeURIComponent(id)
    const body = await new Promise<string>((resolve, reject) => {
      http(`${url}`, { path: `/v1/things/${encoded}/parts/${encoded}` }, (response) => {
        let text = ''
        response.on('data', (chunk) => (text += String(chunk))).on('end', () => resolve(text))
      })
        .on('error', reject)
        .end()
    })
    expect(JSON.parse(body)).toEqual({ id, part: id })
  })

  describe('answers with a problem', () => {
    beforeEach(() => open())
    const problem = async (expected: { status: number; code: string }, ...args: Parameters<typeof call>) => {
      const { status, headers, json } = await call(...args)
      expect({ status, code: json.code }).toEqual(expected)
      expect(headers.get('content-type')).toContain('application/problem+json')
      expect(json).toMatchObject({
        type: `urn:quorate:problem:${expected.code}`,
        title: expect.any(String),
        detail: expect.any(String),
        errors: expect.any(Array),
      })
      expect(json.requestId).toBe(headers.get('x-request-id'))
      return json
    }

    it('400 for a body that is not JSON, is empty, or names a prototype', async () => {
      await problem({ status: 400, code: 'malformed' }, 'PUT', '/v1/things/x', { body: '{"name":' })
      await problem({ status: 400, code: 'malformed' }, 'PUT', '/v1/things/x', { body: ' ' })
      await problem({ status: 400, code: 'malformed' }, 'PUT', '/v1/things/x', { body: '{"__proto__":{}}' })
    })
    it('400 for a path that is not percent-encoded UTF-8', () =>
      problem({ status: 400, code: 'malformed' }, 'GET', '/v1/things/%ff'))
    it('404 for what is no route', () => problem({ status: 404, code: 'no-route' }, 'GET', '/v1/nothing'))
    it('413 for a body above the limit', () =>
      problem({ status: 413, code: 'too-large' }, 'PUT', '/v1/things/x', {
        body: JSON.stringify('x'.repeat(1024 * 1024)),
      }))
    it('414 for a segment above the limit', () =>
      problem({ status: 414, code: 'uri-too-long' }, 'GET', `/v1/things/${'x'.repeat(3000)}`))
    it('415 for another type of body', () =>
      problem({ status: 415, code: 'unsupported-media-type' }, 'PUT', '/v1/things/x', {
        body: 'a',
        headers: { 'content-type': 'text/plain' },
      }))
    it('422 with a pointer for each fault', async () => {
      const { errors } = await problem({ status: 422, code: 'invalid' }, 'PUT', '/v1/things/x', {
        body: { name: 3, size: 1, 'a/b': 1 },
      })
      expect(errors).toEqual(
        expect.arrayContaining([
          { pointer: '/a~1b', detail: 'unknown field' },
          { pointer: '/name', detail: 'must be a string' },
        ]),
      )
    })
    it('422 for a body that is no object', async () => {
      for (const body of ['[]', '3', 'null'])
        await problem({ status: 422, code: 'invalid' }, 'PUT', '/v1/things/x', { body })
    })
    it('500 without telling what went wrong inside', async () => {
      expect(JSON.stringify(await problem({ status: 500, code: 'internal' }, 'GET', '/v1/things'))).not.toContain(
        'hunter2',
      )
    })
    it('403 for a name that is not this machine, when nothing is configured', async () => {
      const status = await new Promise((resolve) =>
        http(`${url}/v1/things/x`, { headers: { host: 'evil.example' } }, (r) => resolve(r.statusCode)).end(),
      )
      expect(status).toBe(403)
    })
  })

  it('carries on the id of a request, if it is a sane one', async () => {
    await open()
    expect(
      (await call('GET', '/v1/things/x', { headers: { 'x-request-id': 'abc' } })).headers.get('x-request-id'),
    ).toBe('abc')
    expect(
      (await call('GET', '/v1/things/x', { headers: { 'x-request-id': 'a b' } })).headers.get('x-request-id'),
    ).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('gives a streamed body to its handler, whatever its size', async () => {
    await open()
    const body = JSON.stringify('x'.repeat(3 * 1024 * 1024))
    expect((await call('POST', '/v1/things/stream', { body })).json).toEqual({ bytes: body.length })
    expect(
      (await call('POST', '/v1/things/stream', { body: '1\n2\n', headers: { 'content-type': 'application/x-ndjson' } }))
        .json,
    ).toEqual({ bytes: 4 })
  })

  describe('with nothing configured', () => {
    it('takes every caller as local, with all roles', async () => {
      await open()
      expect((await call('DELETE', '/v1/things/x')).json).toEqual({
        name: 'local',
        roles: ['reader', 'reporter', 'operator', 'admin'],
      })
    })
  })

  describe("with a page in its caller's browser", () => {
    const of = (origin: string) => ({ headers: { origin } })
    it('lets it write only where it comes from this machine, when nothing is configured', async () => {
      await open()
      for (const origin of ['https://evil.example', 'http://localhost.evil.example', 'null', 'file://', 'x']) {
        const { status, json } = await call('DELETE', '/v1/things/x', of(origin))
        expect([origin, status, json.code]).toEqual([origin, 403, 'forbidden'])
        expect((await call('GET', '/v1/things/x', of(origin))).status).toBe(200)
      }
      for (const origin of ['http://localhost:3000', 'https://127.0.0.1', 'http://[::1]:8080'])
        expect((await call('DELETE', '/v1/things/x', of(origin))).status).toBe(200)
    })
    it('asks it for the key alone, where there is one', async () => {
      await open({ apiKey: new Secret('k-1') })
      const headers = { ...of('https://ours.example').headers, 'x-api-key': 'k-1' }
      expect((await call('DELETE', '/v1/things/x', { headers })).status).toBe(200)
    })
  })

  describe('with an API key', () => {
    beforeEach(() => open({ apiKey: new Secret('k-1') }))
    it('refuses who has none or a wrong one', async () => {
      for (const headers of [
        {},
        { 'x-api-key': 'k-2' },
        { authorization: 'Bearer k-' },
        { authorization: 'Basic k-1' },
      ] as Record<string, string>[]) {
        const { status, json, headers: back } = await call('GET', '/v1/things/x', { headers })
        expect([status, json.code, back.get('www-authenticate')]).toEqual([
          401,
          'unauthenticated',
          'Bearer realm="quorate"',
        ])
      }
    })
    it('takes it in both headers, as admin', async () => {
      for (const headers of [{ 'x-api-key': 'k-1' }, { authorization: 'Bearer k-1' }] as Record<string, string>[]) {
        expect((await call('DELETE', '/v1/things/x', { headers })).json.name).toBe('admin')
      }
    })
    it('answers health, metrics and documentation to everyone', async () => {
      for (const path of ['/livez', '/readyz?verbose', '/metrics', '/openapi.json'])
        expect((await call('GET', path)).status).toBe(200)
    })
  })

  describe('with a cluster secret', () => {
    const clusterSecret = new Secret('c-1')
    const signed = (
      change: Partial<{
        path: string
        method: string
        body: string
        secret: Secret
        at: number
        headers: Record<string, string>
        to: string
        principal: string
      }> = {},
    ) => {
      const at = change.at ?? Date.now()
      const body = change.body ?? ''
      const nonce = randomUUID()
      const principal = Buffer.from(change.principal ?? '{"name":"anna","roles":["operator","king"]}').toString(
        'base64url',
      )
      return {
        [FORWARDED]: `${at};${bodyHash(body)};${principal};${nonce}`,
        [SIGNATURE]: sign(change.secret ?? clusterSecret, {
          method: change.method ?? 'DELETE',
          path: change.path ?? '/v1/things/x',
          to: change.to ?? 'http://here',
          nonce,
          body,
          principal,
          headers: change.headers ?? {},
          at,
        }),
      }
    }
    beforeEach(() => open({ apiKey: new Secret('k-1'), clusterSecret, url: () => 'http://here' }))
    it('takes the caller that a peer signed for, without roles that do not exist', async () => {
      expect((await call('DELETE', '/v1/things/x', { headers: signed() })).json).toEqual({
        name: 'anna',
        roles: ['operator'],
      })
    })
    it('refuses what was signed with other headers, so that nobody makes another request of it', async () => {
      for (const name of ['if-match', 'idempotency-key', 'quorate-min-position']) {
        const headers = { [name]: '"1"' }
        expect((await call('DELETE', '/v1/things/x', { headers: { ...signed({ headers }), ...headers } })).status).toBe(
          200,
        )
        expect((await call('DELETE', '/v1/things/x', { headers: signed({ headers }) })).status).toBe(403)
        expect((await call('DELETE', '/v1/things/x', { headers: { ...signed(), ...headers } })).status).toBe(403)
      }
    })
    it('takes no write twice, however it is spelt, and none that was signed for another', async () => {
      const headers = signed()
      expect((await call('DELETE', '/v1/things/x', { headers })).status).toBe(200)
      const again = { ...headers, [SIGNATURE]: headers[SIGNATURE].toUpperCase() }
      for (const replayed of [headers, again, { ...headers, [FORWARDED]: `${headers[FORWARDED]};x` }])
        expect((await call('DELETE', '/v1/things/x', { headers: replayed })).status).toBe(403)
      expect((await call('DELETE', '/v1/things/x', { headers: signed({ to: 'http://there' }) })).status).toBe(403)
      const read = signed({ method: 'GET', path: '/livez' })
      for (let i = 0; i < 2; i++) expect((await call('GET', '/livez', { headers: read })).status).toBe(200)
    })
    it('refuses another path, another secret, an old signature, none, and another body', async () => {
      const attempts: Record<string, string>[] = [
        signed({ path: '/v1/things/y' }),
        signed({ secret: new Secret('c-2') }),
        signed({ at: Date.now() - 120_000 }),
        { [FORWARDED]: '1' },
        { ...signed(), [SIGNATURE]: '' },
      ]
      for (const headers of attempts) expect((await call('DELETE', '/v1/things/x', { headers })).status).toBe(403)
      for (const at of [NaN, Infinity, -Infinity, -1, 1.5, Date.now() + 120_000])
        expect((await call('DELETE', '/v1/things/x', { headers: signed({ at }) })).status).toBe(403)
      for (const text of [
        'null',
        '{}',
        '[]',
        '7',
        'no JSON',
        '{"name":7,"roles":[]}',
        '{"name":"a","roles":"admin"}',
        '',
      ])
        expect((await call('DELETE', '/v1/things/x', { headers: signed({ principal: text }) })).status).toBe(403)
      const streamed = signed({ method: 'POST', path: '/v1/things/stream', headers: { 'content-type': 'application/json' } }) // prettier-ignore
      expect((await call('POST', '/v1/things/stream', { headers: streamed, body: '[1]' })).status).toBe(403)
      expect((await call('DELETE', '/v1/things/x', { headers: signed(), body: { a: 1 } })).status).toBe(403)
    })
  })

  it('is live and ready only when all checks are, and names those that are not', async () => {
    let ready = false
    await open({ checks: [up, { name: 'b', live: () => true, ready: () => ready }] })
    const { status, json } = await call('GET', '/readyz')
    expect([status, json]).toEqual([503, { status: 'failing', checks: [{ name: 'b', ok: false }] }])
    expect((await call('GET', '/livez')).json).toEqual({ status: 'ok' })
    ready = true
    expect((await call('GET', '/readyz?verbose')).json).toEqual({
      status: 'ok',
      checks: [
        { name: 'a', ok: true, lag: 0 },
        { name: 'b', ok: true },
      ],
    })
  })

  it('merges the metrics of two applications under one head', async () => {
    const registries = ['one', 'two'].map((name, i) => {
      const registry = createRegistry(name)
      new Gauge({ name: 'g', help: 'a gauge', registers: [registry] }).set(i)
      return registry
    })
    await open({ metrics: registries })
    const { text } = await call('GET', '/metrics')
    expect(text).toBe('# HELP g a gauge\n# TYPE g gauge\ng{app="one"} 0\ng{app="two"} 1\n')
    expect(merged([])).toBe('')
  })

  it('says what it is in OpenAPI 3.1', async () => {
    await open()
    const { json } = await call('GET', '/openapi.json')
    expect(json.openapi).toBe('3.1.0')
    expect(Object.keys(json.paths as object)).toContain('/v1/things/{id}/parts/{part}')
  })
})
