import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Received {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface ScriptedServer {
  readonly url: string
  readonly received: Received[]
  close(): Promise<void>
}

/** A server on a free loopback port that answers each request as told, and remembers what came. */
export async function scriptedServer(
  answer: (request: Received, response: ServerResponse, nth: number) => void,
): Promise<ScriptedServer> {
  const received: Received[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      const seen = { method, path: url, headers, body: Buffer.concat(chunks).toString('utf8') }
      answer(seen, response, received.push(seen))
    })
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    close: () => {
      server.closeAllConnections()
      return new Promise((closed) => server.close(() => closed()))
    },
  }
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

export function sendProblem(
  response: ServerResponse,
  status: number,
  code: string,
  headers: Record<string, string> = {},
) {
  const body = {
    type: `urn:quorate:problem:${code}`,
    title: 'A title',
    status,
    detail: `said of ${code}`,
    code,
    errors: [],
  }
  sendJson(response, status, { ...body, requestId: 'r-1' }, { 'content-type': 'application/problem+json', ...headers })
}
