import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface WebhookBody {
  readonly type: string
  readonly timestamp: string
  readonly data: { readonly object: string; readonly state: string | null; readonly previous: string | null }
}

export interface Received {
  readonly headers: IncomingHttpHeaders
  readonly raw: string
  readonly body: WebhookBody
  readonly path: string
}

export interface Reply {
  readonly status: number
  readonly headers?: Record<string, string>
  readonly body?: string
}

/** An HTTP receiver on loopback that keeps what it got and answers as it is told. */
export class Receiver {
  readonly received: Received[] = []
  /** undefined: never answers. */
  answer: (received: Received, number: number) => Reply | undefined | Promise<Reply | undefined> = () => ({
    status: 200,
  })
  private taken = 0
  private waiting: (() => void)[] = []

  private constructor(private readonly server: Server) {}

  static async listen(): Promise<Receiver> {
    const server = createServer()
    const receiver = new Receiver(server)
    server.on('request', (request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const raw = Buffer.concat(chunks).toString('utf8')
        const one = { headers: request.headers, raw, body: JSON.parse(raw) as WebhookBody, path: request.url! }
        receiver.received.push(one)
        void Promise.resolve(receiver.answer(one, receiver.received.length)).then((reply) => {
          if (reply) response.writeHead(reply.status, reply.headers).end(reply.body)
        })
        for (const wake of receiver.waiting.splice(0)) wake()
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return receiver
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/hook?token=t0ken`
  }

  /** The next request that has not been taken. */
  async next(): Promise<Received> {
    while (this.received.length <= this.taken) await new Promise<void>((resolve) => this.waiting.push(resolve))
    return this.received[this.taken++]!
  }

  async close(): Promise<void> {
    this.server.closeAllConnections()
    await new Promise((resolve) => this.server.close(resolve))
  }
}
