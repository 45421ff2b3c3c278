import type { FastifyInstance, FastifyRequest } from 'fastify'
import { isUtf8 } from 'node:buffer'
import type { Readable } from 'node:stream'
import { HTTP_LIMITS } from './limits'
import { Problem } from './problem'
import { bodyHash, FORWARDED } from './signature'

declare module 'fastify' {
  interface FastifyRequest {
    /** The bytes of a body that was read whole. */
    rawBody?: Buffer
  }
  interface FastifyContextConfig {
    /** The handler reads the body itself, as a stream. */
    streamed?: boolean
  }
}

/** JSON, read whole and parsed; on routes that ask for it (`@RouteConfig({ streamed: true })`) JSON and NDJSON as streams. All else is 415. */
export function useBodyParsers(instance: FastifyInstance): void {
  const parse = instance.getDefaultJsonParser('error', 'error')
  instance.removeAllContentTypeParsers()
  instance.addContentTypeParser('application/json', (request, payload, done) => {
    if (request.routeOptions.config.streamed) {
      done(null, payload)
      return
    }
    void readWhole(request, payload)
      .then((body) => {
        request.rawBody = body
        if (body.length === 0) throw malformed('is empty')
        if (!isUtf8(body)) throw malformed('is not UTF-8')
        void parse(request, body.toString('utf8'), (error, value) =>
          done(error ? malformed(`is not valid JSON: ${error.message}`) : null, value),
        )
      })
      .catch((error: Error) => done(error))
  })
  instance.addContentTypeParser('application/x-ndjson', (request, payload, done) => {
    if (request.routeOptions.config.streamed) done(null, payload)
    else done(new Problem('unsupported-media-type', 'This takes application/json.'))
  })
}

const malformed = (what: string) => new Problem('malformed', `Nothing was written: the body ${what}.`)

/** @throws Problem when it is larger than is taken, slower than is waited for, or other than its sender signed */
async function readWhole(request: FastifyRequest, payload: Readable): Promise<Buffer> {
  const tooLarge = new Problem('too-large', `Nothing was written: a body may have ${HTTP_LIMITS.body} bytes.`, {
    headers: { connection: 'close' },
  })
  if (Number(request.headers['content-length'] ?? 0) > HTTP_LIMITS.body) throw tooLarge
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of withinTime(payload)) {
    size += chunk.length
    if (size > HTTP_LIMITS.body) throw tooLarge
    chunks.push(chunk)
  }
  const body = Buffer.concat(chunks)
  const mark = request.headers[FORWARDED]
  if (typeof mark === 'string' && mark.includes(';') && mark.split(';')[1] !== bodyHash(body)) {
    throw new Problem('forbidden', 'The body is not the one that was signed.')
  }
  return body
}

/** The chunks of a body; a pause longer than the limit ends the request. */
export async function* withinTime(payload: Readable): AsyncGenerator<Buffer> {
  const slow = new Problem('malformed', 'The body did not arrive in time.', { headers: { connection: 'close' } })
  const timer = setTimeout(() => payload.destroy(slow), HTTP_LIMITS.bodyIdleMs)
  try {
    for await (const chunk of payload) {
      timer.refresh()
      yield chunk as Buffer
    }
  } finally {
    clearTimeout(timer)
  }
}
