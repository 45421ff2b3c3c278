import type { FastifyInstance, FastifyRequest } from 'fastify'
import { isUtf8 } from 'node:buffer'
import type { Readable } from 'node:stream'
import { checkCharset, decoded } from './content-encoding'
import { EDGE_TIMES, HTTP_LIMITS } from './limits'
import { keepNumbers, tooDeepAt, TOO_DEEP } from '@quorate/contracts'
import { invalid, Problem } from './problem'
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

/** What a route takes: read whole, or as a stream. */
const JSON_ONLY = 'application/json'
const JSON_OR_LINES = 'application/json or application/x-ndjson'

/**
 * JSON, read whole and parsed; on routes that ask for it (`@RouteConfig({ streamed: true })`) JSON and NDJSON as
 * streams. All else is 415.
 */
export function useBodyParsers(instance: FastifyInstance, idleMs: number): void {
  const parse = instance.getDefaultJsonParser('error', 'error')
  instance.removeAllContentTypeParsers()
  instance.addContentTypeParser('application/json', (request, payload, done) => {
    const body = opened(request, payload, done)
    if (body === undefined) return
    if (request.routeOptions.config.streamed) {
      done(null, body)
      return
    }
    void readWhole(request, body, idleMs)
      .then((body) => {
        request.rawBody = body
        if (body.length === 0) throw malformed('is empty')
        if (!isUtf8(body)) throw malformed('is not UTF-8')
        const text = body.toString('utf8')
        void parse(request, text, (error, value) => {
          const deep = error ? undefined : tooDeepAt(value)
          if (error) done(malformed(`is not valid JSON: ${error.message}`))
          else if (deep !== undefined) done(invalid([{ pointer: deep, detail: TOO_DEEP }]))
          else done(null, keepNumbers(value, text))
        })
      })
      .catch((error: Error) => done(error))
  })
  instance.addContentTypeParser('application/x-ndjson', (request, payload, done) => {
    if (!request.routeOptions.config.streamed) {
      done(notTaken(request))
      return
    }
    const body = opened(request, payload, done)
    if (body !== undefined) done(null, body)
  })
  instance.addContentTypeParser('*', (request, _payload, done) => done(notTaken(request)))
}

function notTaken({ headers, routeOptions }: FastifyRequest): Problem {
  const type = headers['content-type']
  const said = type === undefined ? 'the body has no Content-Type' : `the body is ${JSON.stringify(type)}`
  const taken = routeOptions.config.streamed ? JSON_OR_LINES : JSON_ONLY
  return new Problem('unsupported-media-type', `Nothing was written: ${said}. Send ${taken}.`)
}

/** The body, decompressed; undefined where it was refused. */
function opened(request: FastifyRequest, payload: Readable, done: (error: Error | null) => void): Readable | undefined {
  try {
    // Its bytes cannot be compared with what was signed before they are used, so no instance sends one on.
    if (request.forwarded && request.routeOptions.config.streamed)
      throw new Problem('forbidden', 'Nothing was written: a streamed body is not taken from another instance.')
    checkCharset(request)
    return decoded(request, payload)
  } catch (error) {
    done(error as Error)
    return undefined
  }
}

const malformed = (what: string) => new Problem('malformed', `Nothing was written: the body ${what}.`)

/** @throws Problem when it is larger than is taken, slower than is waited for, or other than its sender signed */
async function readWhole(request: FastifyRequest, payload: Readable, idleMs: number): Promise<Buffer> {
  const tooLarge = new Problem('too-large', `Nothing was written: a body may have ${HTTP_LIMITS.body} bytes.`, {
    headers: { connection: 'close' },
  })
  if (Number(request.headers['content-length'] ?? 0) > HTTP_LIMITS.body) throw tooLarge
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of withinTime(payload, idleMs)) {
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

/**
 * The chunks of a body; a pause of the sender longer than `idleMs` ends the request. The time runs only while a chunk
 * is awaited, so the reader may take as long as it likes. A reader that stops early can still respond: the rest of the
 * body is read and discarded. Destroying the body would prevent the response.
 * @throws Problem 400
 */
export async function* withinTime(payload: Readable, idleMs = EDGE_TIMES.bodyIdleMs): AsyncGenerator<Buffer> {
  const chunks = payload.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer, undefined>
  try {
    for (;;) {
      const next = await inTime(chunks.next(), idleMs)
      if (next.done) return
      yield next.value
    }
  } finally {
    // Only a body that is let go of flows. Not waited for: where a chunk is still to come, this comes after it.
    void chunks.return?.().then(
      () => payload.resume(),
      () => undefined,
    )
  }
}

async function inTime<T>(coming: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const slow = new Problem('malformed', 'The body did not arrive in time.', { headers: { connection: 'close' } })
    timer = setTimeout(() => reject(slow), ms)
  })
  try {
    return await Promise.race([coming, late])
  } finally {
    clearTimeout(timer)
  }
}
