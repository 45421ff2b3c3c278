import 'reflect-metadata'
import { Body, Controller, Get, HttpCode, Module, Post } from '@nestjs/common'
import { type NestFastifyApplication, RouteConfig } from '@nestjs/platform-fastify'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Readable } from 'node:stream'
import pino from 'pino'
import { closeEdge, createEdge, Problem, withinTime } from '.'

const IDLE = 100

@Controller('v1')
class Bodies {
  @Get('large')
  large() {
    return 'x'.repeat(16 * 1024 * 1024)
  }
  @Post('whole')
  whole(@Body() body: unknown) {
    return body
  }
  /** Reads the first chunk only. */
  @Post('part')
  @HttpCode(200)
  @RouteConfig({ streamed: true })
  async part(@Body() body: Readable) {
    for await (const chunk of withinTime(body, IDLE)) throw new Problem('malformed', `It begins with ${String(chunk)}.`)
  }
}

@Module({ controllers: [Bodies] })
class BodiesModule {}

jest.setTimeout(10_000)

describe('connections to the edge', () => {
  let app: NestFastifyApplication
  let socket: Socket
  let answer = ''
  beforeEach(async () => {
    answer = ''
    app = await createEdge({
      modules: [BodiesModule],
      checks: [],
      metrics: [],
      logger: pino({ level: 'silent' }),
      openapi: { title: 'test', version: '1', description: '' },
      times: { bodyIdleMs: IDLE, stalledMs: IDLE },
    })
    await app.listen(0, '127.0.0.1')
    socket = connect(Number(new URL(await app.getUrl()).port), '127.0.0.1')
    socket.on('data', (part) => (answer += String(part))).on('error', () => undefined)
  })
  afterEach(async () => {
    socket.destroy()
    await closeEdge(app)
  })

  const head = (method: string, path: string, ...headers: string[]) =>
    `${[`${method} ${path} HTTP/1.1`, 'host: localhost', 'content-type: application/json', ...headers].join('\r\n')}\r\n\r\n`
  const problem = (code: string) => {
    const [top = '', body = ''] = answer.split('\r\n\r\n')
    expect(top).toContain('content-type: application/problem+json')
    expect(JSON.parse(body)).toMatchObject({ type: `urn:quorate:problem:${code}`, code, errors: [] })
    const { requestId, detail } = JSON.parse(body) as { requestId: string; detail: string }
    expect(top).toContain(`x-request-id: ${requestId}`)
    return { status: Number(/^HTTP\/1\.1 (\d+) /.exec(top)?.[1]), detail }
  }

  it.each(['whole', 'part'])('tell who sends too slowly, before they end: %s', async (path) => {
    socket.write(head('POST', `/v1/${path}`, 'content-length: 9'))
    await once(socket, 'close')
    expect(problem('malformed')).toEqual({ status: 400, detail: 'The body did not arrive in time.' })
  })

  it('bring the answer to who is refused amid a body, and go on', async () => {
    socket.write(`${head('POST', '/v1/part', 'content-length: 200001')}a`)
    await once(socket, 'data')
    expect(problem('malformed')).toMatchObject({ status: 400, detail: 'It begins with a.' })
    answer = ''
    socket.write('b'.repeat(200_000) + head('GET', '/livez'))
    await once(socket, 'data')
    expect(answer).toContain('HTTP/1.1 200 OK')
  })

  it('tell with a problem what is refused before it is a request', async () => {
    socket.write(head('GET', `/${'x'.repeat(100_000)}`))
    await once(socket, 'close')
    expect(problem('headers-too-large').status).toBe(431)
  })

  it('tell with a problem what is no HTTP', async () => {
    socket.write('GET / HTTP/1.1\r\nhost: localhost\r\nno header\r\n\r\n')
    await once(socket, 'close')
    expect(problem('malformed').status).toBe(400)
  })

  it('end when their answers are not read', async () => {
    socket.pause()
    socket.write(head('GET', '/v1/large'))
    const server = app.getHttpServer() as unknown as { once(event: string, taken: (socket: Socket) => void): void }
    const served = await new Promise<Socket>((resolve) => {
      server.once('timeout', resolve)
    })
    if (!served.destroyed) await once(served, 'close')
    expect(served.destroyed).toBe(true)
  })
})
