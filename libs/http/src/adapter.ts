import type { FastifyAdapter } from '@nestjs/platform-fastify'
import type { Secret } from '@quorate/config'
import type { Logger } from '@quorate/log'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { type Access, type Principal, ROLES } from './access'
import { AnswerAdapter } from './answer-adapter'
import { useBodyParsers } from './bodies'
import { HEALTH, InHand } from './in-hand'
import { EDGE_TIMES, type EdgeTimes, HTTP_LIMITS } from './limits'
import { isRead } from './methods'
import { Nonces } from './nonces'
import { callerOf } from './slots'
import { invalid, Problem } from './problem'
import { sendProblem } from './problem-filter'
import { rememberRoutes } from './routes'
import { FORWARDED, NONCE_MS, SIGNATURE, verify } from './signature'
import { cutOffStalled } from './stalled'
import { refuseUnparsed } from './unparsed'

export interface AdapterOptions {
  readonly access: Access
  readonly clusterSecret?: Secret | undefined
  /** Where peers reach this instance: what they sign for. */
  readonly url?: (() => string) | undefined
  readonly logger: Logger
  readonly times?: Partial<EdgeTimes> | undefined
}

/** Fastify with every limit set, request ids, and the caller found out before any body is read. */
export function createAdapter({ access, clusterSecret, url, logger, times }: AdapterOptions): FastifyAdapter {
  const { stalledMs, bodyIdleMs } = { ...EDGE_TIMES, ...times }
  const adapter = new AnswerAdapter({
    // No middleware is used; middie would cost every request.
    skipMiddie: true,
    bodyLimit: HTTP_LIMITS.body,
    requestTimeout: HTTP_LIMITS.requestMs,
    keepAliveTimeout: HTTP_LIMITS.keepAliveMs,
    forceCloseConnections: 'idle',
    // Fastify's own refusal is no problem+json, and comes while the partitions are still here to be answered.
    return503OnClosing: false,
    genReqId: requestId,
    clientErrorHandler: refuseUnparsed,
    // Told with a problem by `checkHost`.
    http: { requireHostHeader: false },
    routerOptions: { maxParamLength: HTTP_LIMITS.segment, caseSensitive: true, ignoreTrailingSlash: false },
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) =>
      sendProblem(error, request, reply, logger),
  })
  const instance: FastifyInstance = adapter.getInstance()
  instance.server.headersTimeout = HTTP_LIMITS.headersMs
  cutOffStalled(instance.server, stalledMs)
  instance.decorateRequest('principal', undefined)
  instance.decorateRequest('forwarded', false)
  instance.decorateRequest('caller', '')
  useBodyParsers(instance, bodyIdleMs)
  const peers = clusterSecret && { secret: clusterSecret, url: url ?? (() => ''), nonces: new Nonces(NONCE_MS) }
  const inHand = new InHand()
  rememberRoutes(instance)
  instance.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id)
    if (isOpen(request)) void reply.headers(isOneOf(['/docs'], request.url) ? PAGE_HEADERS : OPEN_HEADERS)
    try {
      checkHost(request)
      identify(request, access, peers)
      request.caller = callerOf(request)
      inHand.admit(request, reply)
    } catch (error) {
      done(error as Error)
      return
    }
    done()
  })
  instance.addHook('preValidation', ({ method, body, is404 }, _reply, done) => {
    // To some handlers nothing would mean that the entry goes.
    if (method === 'PUT' && body === undefined && !is404) done(invalid([{ pointer: '', detail: 'is missing' }]))
    else done()
  })
  return adapter
}

/** Takes over an id that fits in a log line, so that one request can be followed through the instances. */
function requestId(request: IncomingMessage): string {
  const given = request.headers['x-request-id']
  return typeof given === 'string' && /^[\x21-\x7e]{1,128}$/.test(given) ? given : randomUUID()
}

/** Leaves `principal` unset where the credentials are missing or wrong; handlers that are not public refuse then. */
function identify(request: FastifyRequest, access: Access, peers: Trust | undefined): void {
  const mark = request.headers[FORWARDED]
  request.forwarded = mark !== undefined
  if (typeof mark === 'string' && peers) {
    request.principal = forwardedBy(request, mark, peers)
    return
  }
  if (isOpen(request)) {
    // Probes of an orchestrator name an address; they are told nothing but yes or no.
    if (!isProbe(request)) access.checkName(request)
    return
  }
  request.principal = access.principalOf(request)
}

/** Health, metrics and documentation are answered without credentials; their handlers are `@Public`. */
const OPEN = [...HEALTH, '/openapi.json', '/docs']
const OPEN_HEADERS = { 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY' }
/** The page styles itself inside its HTML; scripts are files of ours. */
const PAGE_HEADERS = {
  ...OPEN_HEADERS,
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}
const PROBES = ['/livez', '/readyz']
const isOneOf = (paths: readonly string[], url: string) =>
  paths.some((path) => url === path || url.startsWith(`${path}?`) || url.startsWith(`${path}/`))
const isOpen = ({ url }: FastifyRequest) => isOneOf(OPEN, url)
const isProbe = ({ url }: FastifyRequest) => isOneOf(PROBES, url)

/** @throws Problem 400 for a request without a host, or with two: which one counts would depend on who reads it */
function checkHost({ raw }: FastifyRequest): void {
  const { rawHeaders, httpVersionMajor, httpVersionMinor } = raw
  let hosts = 0
  for (let i = 0; i < rawHeaders.length; i += 2)
    if (rawHeaders[i]!.length === 4 && rawHeaders[i]!.toLowerCase() === 'host') hosts++
  if (hosts === 1 || (hosts === 0 && httpVersionMajor === 1 && httpVersionMinor === 0)) return
  throw new Problem('malformed', `Nothing was done: a request has one Host header, this one has ${hosts || 'none'}.`)
}

/** What tells a peer's requests from others. */
interface Trust {
  readonly secret: Secret
  readonly url: () => string
  /** Of writes. */
  readonly nonces: Nonces
}

/** `<ms>;<sha256 of the body>;<base64url of the principal>;<nonce>`, signed. */
function forwardedBy(request: FastifyRequest, mark: string, { secret, url, nonces }: Trust): Principal {
  const [at = '', hash = '', principal = '', nonce = ''] = mark.split(';')
  const claim = {
    method: request.method,
    path: request.url,
    at: /^\d{1,15}$/.test(at) ? Number(at) : NaN,
    principal,
    to: url(),
    nonce,
    hash,
    headers: request.headers,
    signature: String(request.headers[SIGNATURE] ?? ''),
  }
  if (!verify(secret, claim))
    throw new Problem(
      'forbidden',
      'The signature of this forwarded request is not valid, or its time is off. All instances need the same QUORATE_CLUSTER_SECRET and clocks within a minute.',
    )
  if (!isRead(request.method) && !nonces.isNew(nonce))
    throw new Problem('forbidden', 'This forwarded request was taken once already; it is not taken again.')
  return principalIn(principal)
}

/** @throws Problem 403 for what names nobody */
function principalIn(text: string): Principal {
  let said: unknown
  try {
    said = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
  } catch {
    said = undefined
  }
  const { name, roles } = (said ?? {}) as Partial<Record<keyof Principal, unknown>>
  if (typeof name !== 'string' || !Array.isArray(roles))
    throw new Problem('forbidden', 'This forwarded request does not say who called.')
  return { name, roles: ROLES.filter((role) => roles.includes(role)) }
}
