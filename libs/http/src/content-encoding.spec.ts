import 'reflect-metadata'
import { Body, Controller, HttpCode, Module, Post } from '@nestjs/common'
import { type NestFastifyApplication, RouteConfig } from '@nestjs/platform-fastify'
import { request as http } from 'node:http'
import type { Readable } from 'node:stream'
import { brotliCompressSync, constants, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import pino from 'pino'
import { closeEdge, createEdge, HTTP_LIMITS, withinTime } from '.'

@Controller('v1')
class Bodies {
  @Post('whole')
  @HttpCode(200)
  whole(@Body() body: object) {
    return { members: Object.keys(body), bytes: JSON.stringify(body).length }
  }
  @Post('stream')
  @HttpCode(200)
  @RouteConfig({ streamed: true })
  async stream(@Body() body: Readable) {
    let bytes = 0
    for await (const chunk of withinTime(body)) bytes += chunk.length
    return { bytes }
  }
  /** Leaves after the first chunk, and answers. */
  @Post('part')
  @HttpCode(200)
  @RouteConfig({ streamed: true })
  async part(@Body() body: Readable) {
    for await (const chunk of withinTime(body)) return { first: chunk.length }
    return {}
  }
}

@Module({ controllers: [Bodies] })
class BodiesModule {}

/** The best quality takes seconds. */
const brotli = (bytes: Buffer) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 2 } })
const COMPRESS = { gzip: gzipSync, br: brotli, zstd: zstdCompressSync, deflate: deflateSync }
const encodings = Object.entries(COMPRESS)

jest.setTimeout(20_000)

describe('a compressed body', () => {
  let app: NestFastifyApplication
  let url: string
  beforeAll(async () => {
    app = await createEdge({
      modules: [BodiesModule],
      checks: [],
      metrics: [],
      logger: pino({ level: 'silent' }),
      openapi: { title: 'test', version: '1', description: '' },
    })
    await app.listen(0, '127.0.0.1')
    url = await app.getUrl()
  })
  afterAll(() => closeEdge(app))

  const post = (path: string, body: Buffer | string, headers: Record<string, string> = {}) =>
    new Promise<{ status: number; json: Record<string, unknown>; headers: NodeJS.Dict<string | string[]> }>(
      (resolve, reject) => {
        const request = http(`${url}/v1/${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers },
        })
        request.on('error', reject).on('response', (response) => {
          let text = ''
          response
            .on('data', (part) => (text += String(part)))
            .on('end', () =>
              resolve({ status: response.statusCode!, json: JSON.parse(text), headers: response.headers }),
            )
        })
        request.end(body)
      },
    )

  /** About so many bytes of JSON that does not compress well. */
  const jsonOf = (bytes: number) => {
    let text = '{"a":"'
    for (let i = 0; text.length < bytes - 2; i++) text += ((i * 2654435761) % 4294967296).toString(36)
    return Buffer.from(`${text.slice(0, bytes - 2)}"}`)
  }

  it.each(encodings)('is taken with %s, up to the size that a plain one may have', async (encoding, compress) => {
    const headers = { 'content-encoding': encoding.toUpperCase() }
    expect(await post('whole', compress(Buffer.from('{"a":1}')), headers)).toMatchObject({ json: { members: ['a'] } })
    const most = jsonOf(HTTP_LIMITS.body)
    expect(await post('whole', compress(most), headers)).toMatchObject({ status: 200, json: { bytes: most.length } })
    expect(await post('whole', compress(jsonOf(HTTP_LIMITS.body + 1)), headers)).toMatchObject({ status: 413, json: { code: 'too-large' } }) // prettier-ignore
  })

  it.each(encodings)('is read as a stream with %s, whatever its size', async (encoding, compress) => {
    const body = jsonOf(3 * HTTP_LIMITS.body)
    expect(await post('stream', compress(body), { 'content-encoding': encoding })).toMatchObject({ status: 200, json: { bytes: body.length } }) // prettier-ignore
    expect(await post('part', compress(body), { 'content-encoding': encoding })).toMatchObject({ status: 200 })
  })

  it.each(encodings)(
    'is refused with %s where it is none, ends early or is made to grow',
    async (encoding, compress) => {
      const headers = { 'content-encoding': encoding }
      const good = compress(jsonOf(50_000))
      for (const path of ['whole', 'stream']) {
        expect(await post(path, '{"a":1}', headers)).toMatchObject({ status: 400, json: { code: 'malformed' } })
        expect(await post(path, good.subarray(0, good.length - 20), headers)).toMatchObject({ status: 400, json: { code: 'malformed' } }) // prettier-ignore
      }
      const bomb = compress(Buffer.alloc(32 * 1024 * 1024, 32))
      for (const path of ['whole', 'stream'])
        expect(await post(path, bomb, headers)).toMatchObject({ status: 413, json: { code: 'too-large' } })
      expect(await post('part', bomb, headers)).toMatchObject({ status: 200 })
      expect(await post('whole', '{"a":1}')).toMatchObject({ status: 200 })
    },
  )

  it.each(['compress', 'gzip, gzip', 'constructor', '*'])(
    'is refused with the unknown encoding %s',
    async (encoding) => {
      for (const path of ['whole', 'stream'])
        expect(await post(path, '{"a":1}', { 'content-encoding': encoding })).toMatchObject({
          status: 415,
          json: { code: 'unsupported-media-type', detail: expect.stringContaining('gzip, br, zstd, deflate') },
          headers: { 'accept-encoding': 'gzip, br, zstd, deflate' },
        })
    },
  )

  it('is plain where it says identity', async () =>
    expect(await post('whole', '{"a":1}', { 'content-encoding': 'identity' })).toMatchObject({ status: 200 }))

  it.each(['utf-16', '"ISO-8859-1"', 'x'])('is refused in the charset %s', async (charset) => {
    for (const path of ['whole', 'stream'])
      expect(await post(path, '{"a":1}', { 'content-type': `application/json; charset=${charset}` })).toMatchObject({ status: 415 }) // prettier-ignore
  })
  it.each(['utf-8', 'UTF-8', '"utf-8"', 'utf8'])('is taken in the charset %s', async (charset) => {
    for (const type of ['application/json', 'application/json ;a=b'])
      expect(await post('whole', '{"a":1}', { 'content-type': `${type}; charset=${charset}` })).toMatchObject({ status: 200 }) // prettier-ignore
  })

  it('of another type is refused by a sentence that says what is taken', async () => {
    expect(await post('whole', 'x', { 'content-type': 'text/plain' })).toMatchObject({ status: 415, json: { detail: 'Nothing was written: the body is "text/plain". Send application/json.' } }) // prettier-ignore
    expect(await post('stream', 'x', { 'content-type': 'text/plain' })).toMatchObject({ json: { detail: expect.stringContaining('application/x-ndjson') } }) // prettier-ignore
  })
})
