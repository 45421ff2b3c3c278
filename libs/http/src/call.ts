import type { FastifyRequest } from 'fastify'
import type { IncomingHttpHeaders } from 'node:http'
import type { Principal } from './access'

/**
 * What a request asks for, apart from the server that took it: enough to answer it here, or to send it on to another
 * instance.
 */
export interface Call {
  /** Of the request, in logs and answers. */
  readonly id: string
  readonly method: string
  /** Path and query, as sent. */
  readonly url: string
  readonly headers: Readonly<IncomingHttpHeaders>
  /** The bytes of a body that was read whole. */
  readonly body: Buffer | undefined
  readonly principal: Principal | undefined
  /** Another instance sent it: it is never sent further. */
  readonly forwarded: boolean
  /** Whose share of bounded resources it takes (`callerOf`). */
  readonly caller: string
  /** Whether its connection has closed, so that nobody reads an answer. */
  isGone(): boolean
}

export function callOf(request: FastifyRequest): Call {
  const { id, method, url, headers, rawBody, principal, forwarded, caller, raw } = request
  return {
    id,
    method,
    url,
    headers,
    body: rawBody,
    principal,
    forwarded,
    caller,
    // The request itself is destroyed as soon as its body was read, so only the socket tells.
    isGone: () => raw.socket.destroyed,
  }
}
