import 'reflect-metadata'
import { Controller, Delete, Get, Module, Put } from '@nestjs/common'
import type { NestFastifyApplication } from '@nestjs/platform-fastify'
import { Secret } from '@quorate/config'
import { connect } from 'node:net'
import pino from 'pino'
import { closeEdge, createEdge, type EdgeOptions } from '.'

@Controller('v1/things')
class Things {
  @Get(':id')
  get() {
    return {}
  }
  @Put(':id')
  put() {
    return {}
  }
  @Delete(':id/parts/:part')
  part() {
    return {}
  }
}

@Module({ controllers: [Things] })
class ThingsModule {}

describe('the doors of the HTTP edge', () => {
  let app: NestFastifyApplication
  let port: number
  const open = async (options: Partial<EdgeOptions> = {}) => {
    app = await createEdge({
      modules: [ThingsModule],
      checks: [],
      metrics: [],
      logger: pino({ level: 'silent' }),
      openapi: { title: 'test', version: '1', description: '' },
      ...options,
    })
    // As `serveDocs` does; the page itself is made of ESM that Jest cannot load.
    app
      .getHttpAdapter()
      .getInstance()
      .get('/docs', (_request, reply) => void reply.type('text/html').send('<p>'))
    await app.listen(0, '127.0.0.1')
    port = Number(new URL(await app.getUrl()).port)
  }
  afterEach(() => closeEdge(app))

  /** Sends the bytes as given. Returns the status, the headers as text and the body. */
  const raw = (method: string, path: string, headers: string[], version = '1.1') =>
    new Promise<{ status: number; head: string; body: string }>((resolve, reject) => {
      const socket = connect(port, '127.0.0.1')
      let text = ''
      socket
        .on('data', (part) => (text += String(part)))
        .on('error', reject)
        .on('close', () => {
          const [head = '', body = ''] = text.split('\r\n\r\n')
          resolve({ status: Number(head.split(' ')[1]), head: head.toLowerCase(), body })
        })
      socket.write(`${[`${method} ${path} HTTP/${version}`, ...headers, 'Connection: close'].join('\r\n')}\r\n\r\n`)
    })
  const local = 'Host: localhost'

  it.each(['/metrics', '/openapi.json', '/docs', '/v1/things/x'])(
    'open %s under names of this machine alone',
    async (path) => {
      await open()
      expect((await raw('GET', path, ['Host: evil.example'])).status).toBe(403)
      expect((await raw('GET', path, [local])).status).toBe(200)
      expect((await raw('GET', path, ['Host: 127.0.0.1:1'])).status).toBe(200)
    },
  )

  it('open probes under any name, and all of them where access is configured', async () => {
    await open()
    for (const path of ['/livez', '/readyz?verbose'])
      expect((await raw('GET', path, ['Host: 10.0.0.1:3000'])).status).toBe(200)
    await closeEdge(app)
    await open({ apiKey: new Secret('k') })
    expect((await raw('GET', '/openapi.json', ['Host: quorate.example'])).status).toBe(200)
  })

  it.each(['/livez', '/metrics', '/v1/things/x'])('refuse %s without one Host header, by a problem', async (path) => {
    await open()
    for (const hosts of [[], [local, local], [local, 'hOsT: evil.example']]) {
      const { status, head, body } = await raw('GET', path, hosts)
      expect([status, (JSON.parse(body) as { code: string }).code]).toEqual([400, 'malformed'])
      expect(head).toContain('content-type: application/problem+json')
    }
    expect((await raw('GET', '/livez', [], '1.0')).status).toBe(200)
  })

  it('let no page frame the documentation, nor run its scripts there', async () => {
    await open()
    const { head } = await raw('GET', '/docs', [local])
    expect(head).toMatch(/content-security-policy: default-src 'none'; script-src 'self';.* frame-ancestors 'none'/)
    for (const path of ['/docs', '/openapi.json', '/metrics']) {
      const answer = await raw('GET', path, [local])
      expect(answer.head).toContain('x-content-type-options: nosniff')
      expect(answer.head).toContain('x-frame-options: deny')
    }
  })

  it.each([
    ['POST', '/v1/things/x', 'get, head, put'],
    ['PATCH', '/v1/things/x?a=b', 'get, head, put'],
    ['GET', '/v1/things/x/parts/y', 'delete'],
    ['DELETE', '/livez', 'get, head'],
    ['PUT', '/openapi.json', 'get, head'],
  ])('tell a wrong method from a wrong path: %s %s', async (method, path, allow) => {
    await open()
    const { status, head, body } = await raw(method, path, [local])
    expect([status, (JSON.parse(body) as { code: string }).code]).toEqual([405, 'method-not-allowed'])
    expect(head).toContain(`allow: ${allow}`)
    expect((await raw(method, '/v1/nothing', [local])).status).toBe(404)
    expect((await raw(method, '/v1/things', [local])).status).toBe(404)
  })
})
