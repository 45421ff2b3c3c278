import { randomUUID } from 'node:crypto'
import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { Problem } from './problem'

/** ms that the refused may take to read why. */
const LINGER_MS = 1_000

/**
 * What Node's parser refuses never becomes a request; it is answered with a problem all the same (Node's event
 * `clientError`).
 */
export function refuseUnparsed(error: NodeJS.ErrnoException, socket: Socket): void {
  // Told already: the parser refuses each chunk that still comes.
  if (error.code === 'ECONNRESET' || socket.destroyed || socket.writableEnded) return
  if (!socket.writable || isAnswering(socket)) {
    socket.destroy()
    return
  }
  const requestId = randomUUID()
  const problem = problemOf(error)
  const body = JSON.stringify(problem.body(requestId))
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${requestId}`,
    'connection: close',
  ]
  // Destroyed at once it could be lost: a connection with unread bytes is reset.
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
  const patience = setTimeout(() => socket.destroy(), LINGER_MS)
  socket.once('close', () => clearTimeout(patience))
}

function problemOf({ code, message }: NodeJS.ErrnoException): Problem {
  if (code === 'HPE_HEADER_OVERFLOW')
    return new Problem('headers-too-large', 'Nothing was done: address and headers together may have 16 KiB.')
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new Problem('malformed', 'The request did not arrive in time.')
  return new Problem('malformed', `The request is not valid HTTP: ${message}.`)
}

/**
 * Whether another request of this connection is being answered, or this one has begun to be: what we said would be
 * taken for a part of that.
 */
function isAnswering(socket: Socket): boolean {
  // Node's own answer to such errors looks there as well.
  const { _httpMessage: answer } = socket as Socket & { readonly _httpMessage?: ServerResponse | null }
  return answer ? answer.headersSent || answer.req.complete : false
}
