import { createServer, type Server, type ServerResponse } from 'node:http'
import { Webhook } from 'standardwebhooks'
import { freePorts } from '../broker/ports'
import { until } from './until'

export interface Arrival {
  readonly id: string
  readonly object: string
  readonly state: string | null
  /** Last part of the URL: each instance has its own, so it identifies the sender. */
  readonly sender: string
  /** `webhook-timestamp` of the attempt, s. */
  readonly timestamp: number
  /** performance.now() of its arrival. */
  readonly at: number
}

/**
 * A webhook receiver that opens and closes at one address; the test decides what happens between request and response.
 */
export class CourierReceiver {
  readonly secret = `whsec_${Buffer.from('another secret of thirty-two by.').toString('base64')}`
  readonly arrivals: Arrival[] = []
  readonly forged: string[] = []
  /** Called when the receiver has accepted; responds 204 unless replaced. */
  accepted: (arrival: Arrival, response: ServerResponse) => void = (_, response) => response.writeHead(204).end()
  #server: Server | undefined

  readonly #port: number

  private constructor(port: number) {
    this.#port = port
  }

  static async start(): Promise<CourierReceiver> {
    const receiver = new CourierReceiver((await freePorts(1))[0]!)
    await receiver.open()
    return receiver
  }

  settings(sender: string): Record<string, string> {
    return { QUORATE_WEBHOOK_URL: this.url(sender), QUORATE_WEBHOOK_SECRET: this.secret }
  }

  url(sender: string, host = '127.0.0.1'): string {
    return `http://${host}:${this.#port}/hook/${sender}`
  }

  about(object: string, state?: string): Arrival[] {
    return this.arrivals.filter((one) => one.object === object && (state === undefined || one.state === state))
  }

  /** Waits for the n-th arrival with this state of an object. */
  told(object: string, state: string, times = 1, timeoutMs = 60_000): Promise<Arrival> {
    const what = `webhook number ${times} with ${object} ${state}`
    return until(what, () => this.about(object, state)[times - 1], timeoutMs)
  }

  async open(): Promise<void> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString('utf8')
        this.accepted(this.#take(body, request.headers as Record<string, string>, request.url!), response)
      })
    })
    await new Promise<void>((listening) => server.listen(this.#port, '127.0.0.1', listening))
    this.#server = server
  }

  /** The port is closed until it is opened again. */
  async close(): Promise<void> {
    this.#server?.closeAllConnections()
    await new Promise((closed) => (this.#server ? this.#server.close(closed) : closed(undefined)))
    this.#server = undefined
  }

  #take(body: string, headers: Record<string, string>, url: string): Arrival {
    try {
      new Webhook(this.secret).verify(body, headers)
    } catch (error) {
      this.forged.push(String(error))
    }
    const { data } = JSON.parse(body) as { data: { object: string; state: string | null } }
    const arrival = {
      id: headers['webhook-id']!,
      object: data.object,
      state: data.state,
      sender: url.split('/').at(-1)!,
      timestamp: Number(headers['webhook-timestamp']),
      at: performance.now(),
    }
    this.arrivals.push(arrival)
    return arrival
  }
}
