import 'reflect-metadata'
import { Controller, Get, Module, Put } from '@nestjs/common'
import type { NestFastifyApplication } from '@nestjs/platform-fastify'
import { request as http } from 'node:http'
import { connect, type Socket } from 'node:net'
import pino from 'pino'
import { closeEdge, createEdge } from '.'

let go: () => void
let gone = new Promise<void>((resolve) => (go = resolve))

@Controller('v1')
class Waiting {
  @Get('wait')
  async wait() {
    await gone
    return {}
  }
  @Put('body')
  body() {
    return {}
  }
  @Get('now')
  now() {
    return {}
  }
}

@Module({ controllers: [Waiting] })
class WaitingModule {}

jest.setTimeout(60_000)

describe('the places of an instance', () => {
  let app: NestFastifyApplication
  let port: number
  const sockets: Socket[] = []
  beforeEach(async () => {
    gone = new Promise<void>((resolve) => (go = resolve))
    app = await createEdge({
      modules: [WaitingModule],
      checks: [],
      metrics: [],
      logger: pino({ level: 'silent' }),
      openapi: { title: 'test', version: '1', description: '' },
    })
    await app.listen(0, '0.0.0.0')
    port = Number(new URL(await app.getUrl()).port)
  })
  afterEach(async () => {
    go()
    for (const socket of sockets.splice(0)) socket.destroy()
    await closeEdge(app)
  })

  const call = (from: string, method: string, path: string) =>
    new Promise<{ status: number; retryAfter: string | undefined }>((resolve, reject) => {
      const headers = method === 'PUT' ? { 'content-type': 'application/json' } : {}
      http({ host: '127.0.0.1', port, method, path, localAddress: from, headers, agent: false }, (response) => {
        response.resume()
        response.on('end', () => resolve({ status: response.statusCode!, retryAfter: response.headers['retry-after'] }))
      })
        .on('error', reject)
        .end(method === 'PUT' ? '{}' : undefined)
    })

  it('are not all taken by the waiting reads of one caller', async () => {
    const answers: number[] = []
    const refusals = new Promise<void>((resolve) => {
      for (let i = 0; i < 700; i++)
        void call('127.0.0.2', 'GET', '/v1/wait?wait=60s').then(({ status }) => {
          answers.push(status)
          if (answers.length === 700 - 576) resolve()
        })
    })
    await refusals
    expect(new Set(answers)).toEqual(new Set([429]))
    expect(await call('127.0.0.2', 'PUT', '/v1/body')).toEqual({ status: 429, retryAfter: '1' })
    expect((await call('127.0.0.2', 'GET', '/v1/now')).status).toBe(200)
    expect((await call('127.0.0.3', 'PUT', '/v1/body')).status).toBe(200)
  })

  it('are not all taken by the slow bodies of one caller', async () => {
    let refused = 0
    await new Promise<void>((resolve) => {
      for (let i = 0; i < 700; i++) {
        const socket = connect({ host: '127.0.0.1', port, localAddress: '127.0.0.2' })
        sockets.push(socket)
        socket.on('error', () => undefined)
        socket.write(
          'PUT /v1/body HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{',
        )
        socket.once('data', (answer) => {
          expect(String(answer)).toMatch(/^HTTP\/1.1 429 [^]*retry-after: 1\r\n/)
          if (++refused === 700 - 576) resolve()
        })
      }
    })
    expect((await call('127.0.0.3', 'PUT', '/v1/body')).status).toBe(200)
  })
})
