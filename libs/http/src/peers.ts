import type { Secret } from '@quorate/config'
import type { FastifyRequest } from 'fastify'
import { Pool } from 'undici'
import type { Answer } from './answer'
import { Problem } from './problem'
import { bodyHash, FORWARDED, sign, SIGNATURE, type Signed } from './signature'

export interface PeerOptions {
  readonly clusterSecret?: Secret | undefined
  /** Connections to one peer at most. */
  readonly connections?: number
  /** ms for the connection, and for the answer beyond what the request itself asked to wait. */
  readonly connectMs?: number
  readonly answerMs?: number
}

/** What is asked of the peer: by default the request as it came. */
export interface Forwarding {
  readonly path?: string
  /** Another method than the request's; the body stays behind. */
  readonly method?: 'GET'
  /** ms for the answer, beyond `waitMs`. */
  readonly answerMs?: number
  /** ms that the request may wait at the owner before it is answered. */
  readonly waitMs?: number
  readonly headers?: Readonly<Record<string, string>>
}

/** Passed on to the owner; the rest concerns this hop alone. */
const UP = ['accept', 'content-type', 'if-match', 'if-none-match', 'quorate-min-position'] as const
const CREDENTIALS = ['authorization', 'x-api-key'] as const
/** Said by each hop for itself. */
const NOT_BACK = new Set(['connection', 'keep-alive', 'transfer-encoding', 'date', 'x-request-id', 'content-length'])
const MAX_ANSWER = 64 * 1024 * 1024

/** One pool of connections for each peer: their own, so that a slow peer holds up nobody else. */
export class Peers {
  readonly #pools = new Map<string, Pool>()

  constructor(private readonly options: PeerOptions = {}) {}

  /**
   * Sends a request on to `url`, once: the mark keeps the peer from sending it further.
   * @throws Problem `owner-unreachable` when nothing can have been done, `outcome-unknown` for a write that broke off
   */
  async forward(url: string, request: FastifyRequest, forwarding: Forwarding = {}): Promise<Answer> {
    const answerMs = forwarding.answerMs ?? this.options.answerMs ?? 10_000
    const method = forwarding.method ?? (request.method as 'GET')
    const path = forwarding.path ?? request.url
    const timeout = (forwarding.waitMs ?? 0) + answerMs
    const body = forwarding.method === undefined ? request.rawBody : undefined
    try {
      const answer = await this.#pool(url).request({
        method,
        path,
        headers: this.#headers(request, { method, path, body }, forwarding.headers),
        headersTimeout: timeout,
        bodyTimeout: timeout,
        ...(body === undefined ? {} : { body }),
      })
      return { status: answer.statusCode, headers: headersBack(answer.headers), body: await whole(answer.body) }
    } catch (error) {
      throw this.#problem(url, method, error)
    }
  }

  async close(): Promise<void> {
    const pools = [...this.#pools.values()]
    this.#pools.clear()
    await Promise.all(pools.map((pool) => pool.destroy()))
  }

  #pool(url: string): Pool {
    let pool = this.#pools.get(url)
    if (!pool) {
      const { connections = 64, connectMs = 1_000 } = this.options
      pool = new Pool(url, {
        connections,
        connect: { timeout: connectMs },
        pipelining: 1,
        keepAliveTimeout: 30_000,
        maxResponseSize: MAX_ANSWER,
      })
      this.#pools.set(url, pool)
    }
    return pool
  }

  #headers(
    request: FastifyRequest,
    { method, path, body }: Pick<Signed, 'method' | 'path' | 'body'>,
    more: Forwarding['headers'],
  ): Record<string, string> {
    const { clusterSecret } = this.options
    const headers: Record<string, string> = { 'x-request-id': request.id }
    const named = clusterSecret ? UP : [...UP, ...CREDENTIALS]
    for (const name of named) {
      const value = request.headers[name]
      if (typeof value === 'string') headers[name] = value
    }
    Object.assign(headers, more)
    if (body === undefined) delete headers['content-type']
    const principal = Buffer.from(JSON.stringify(request.principal ?? { name: '', roles: [] })).toString('base64url')
    const at = Date.now()
    headers[FORWARDED] = `${at};${bodyHash(body)};${principal}`
    if (clusterSecret) headers[SIGNATURE] = sign(clusterSecret, { method, path, at, principal, body })
    return headers
  }

  #problem(url: string, method: string, error: unknown): Problem {
    const sent = !NOT_SENT.has((error as { code?: string }).code ?? '')
    if (sent && method !== 'GET' && method !== 'HEAD') {
      return new Problem(
        'outcome-unknown',
        `The owner (${url}) did not answer: perhaps it was written, perhaps not. Read before you repeat.`,
        { cause: error },
      )
    }
    return new Problem(
      'owner-unreachable',
      `The owner (${url}) did not answer${sent ? '' : '; nothing was done'}. Another takes its partitions over within seconds; try again.`,
      { cause: error },
    )
  }
}

/** Errors before a byte of the request left. */
const NOT_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
])

/** The bytes as they came. */
async function whole(body: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of body) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

function headersBack(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const back: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !NOT_BACK.has(name)) back[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return back
}
