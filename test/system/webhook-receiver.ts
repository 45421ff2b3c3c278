import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'
import { until } from './until'

export interface Delivery {
  readonly id: string
  readonly type: string
  readonly object: string
  /** null: deleted */
  readonly state: string | null
  readonly version: number | undefined
}

/** Receives webhooks like a third party, with the reference library checking every signature. */
export class WebhookReceiver {
  readonly secret = `whsec_${Buffer.from('a secret for tests of 32 bytes..').toString('base64')}`
  /** Every delivery, repeats included, in order of arrival. */
  readonly deliveries: Delivery[] = []
  readonly forged: string[] = []
  /** The status of the next responses. */
  status = 204
  readonly #server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      this.#take(Buffer.concat(chunks).toString('utf8'), request.headers as Record<string, string>)
      response.writeHead(this.status).end()
    })
  })

  static async start(): Promise<WebhookReceiver> {
    const receiver = new WebhookReceiver()
    await new Promise<void>((listening) => receiver.#server.listen(0, '127.0.0.1', listening))
    return receiver
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`
  }

  get settings(): Record<string, string> {
    return { QUORATE_WEBHOOK_URL: this.url, QUORATE_WEBHOOK_SECRET: this.secret }
  }

  about(object: string): Delivery[] {
    return this.deliveries.filter((it) => it.object === object)
  }

  /** Waits until the latest delivery about an object has this state; null: it is deleted. */
  told(object: string, state: string | null, timeoutMs = 15_000): Promise<Delivery> {
    return until(
      `a webhook with ${object} ${state ?? 'gone'}`,
      () => {
        const latest = this.about(object).at(-1)
        return latest?.state === state && latest
      },
      timeoutMs,
    )
  }

  close(): Promise<void> {
    this.#server.closeAllConnections()
    return new Promise((closed) => this.#server.close(() => closed()))
  }

  #take(body: string, headers: Record<string, string>): void {
    try {
      new Webhook(this.secret).verify(body, headers)
    } catch (error) {
      this.forged.push(String(error))
    }
    const { type, data } = JSON.parse(body) as {
      type: string
      data: { object: string; state: string | null; version?: number }
    }
    this.deliveries.push({
      id: headers['webhook-id']!,
      type,
      object: data.object,
      state: data.state,
      version: data.version,
    })
  }
}
