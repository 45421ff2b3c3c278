import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { Webhook } from 'standardwebhooks'
import { MailCatcher } from '../../apps/notifier/testing/mail-catcher'
import type { Draw } from './random'

/** One message that a receiver accepted. */
export interface Taken {
  /** ms since 1970 */
  readonly at: number
  readonly address: string
  readonly id: string
  readonly object: string
  /** null: the object is gone, or no longer reported here. */
  readonly state: string | null
  /** Incarnation and revision of the event; absent in mails. */
  readonly incarnation?: number
  readonly revision?: number
}

/** How an address behaves: the share of attempts that it refuses, and its response time in ms. */
export interface Mood {
  readonly refuses: number
  readonly takes: number
}

/** Webhooks at many addresses of one server, and a mail server; each records what it accepted. */
export class SoakReceivers {
  readonly log: Taken[] = []
  readonly forged: string[] = []
  readonly moods = new Map<string, Mood>()
  readonly secret = `whsec_${Buffer.from('a secret of the soak, 32 bytes..').toString('base64')}`
  #server!: Server
  mails!: MailCatcher

  readonly #draw: Draw

  private constructor(draw: Draw) {
    this.#draw = draw
  }

  static async listen(draw: Draw): Promise<SoakReceivers> {
    const it = new SoakReceivers(draw)
    it.mails = await MailCatcher.listen({ username: 'quorate', password: 'soak' })
    it.mails.refuse = (stage, what) => (stage === 'data' ? it.#takeMail(what) : undefined)
    it.#server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const address = request.url!.split('/').at(-1)!
        void it
          .#takeHook(address, Buffer.concat(chunks).toString('utf8'), request.headers as Record<string, string>)
          .then((status) => response.writeHead(status).end())
      })
    })
    await new Promise<void>((listening) => it.#server.listen(0, '127.0.0.1', listening))
    return it
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((closed) => this.#server.close(closed))
    await this.mails.close()
  }

  #refuses(address: string): boolean {
    return this.#draw(1000) < 1000 * (this.moods.get(address)?.refuses ?? 0)
  }

  async #takeHook(address: string, body: string, headers: Record<string, string>): Promise<number> {
    try {
      new Webhook(this.secret).verify(body, headers)
    } catch (error) {
      this.forged.push(String(error))
    }
    await delay(this.moods.get(address)?.takes ?? 0)
    if (this.#refuses(address)) return 500
    const { data } = JSON.parse(body) as { data: Partial<Taken> & Pick<Taken, 'object'> }
    const { object, state = null, incarnation, revision } = data
    const place = revision === undefined ? {} : { incarnation: incarnation!, revision }
    this.log.push({ at: Date.now(), address, id: headers['webhook-id']!, object, state, ...place })
    return 204
  }

  #takeMail(raw: string): { code: number; text: string } | undefined {
    if (this.#refuses('mail')) return { code: 451, text: '4.7.1 try again' }
    const header = (name: string): string => new RegExp(`^${name}: (.*)$`, 'im').exec(raw)?.[1]?.trim() ?? ''
    const [, object, became] = /^(\S+) (?:is|has) (.*)$/.exec(header('Subject')) ?? []
    const [, to] = /<?([\w-]+)@/.exec(header('To')) ?? []
    if (object === undefined) return undefined
    const state = became === 'gone' || became!.startsWith('no longer') ? null : became!
    this.log.push({ at: Date.now(), address: to!, id: header('X-Quorate-Delivery'), object, state })
    return undefined
  }
}
