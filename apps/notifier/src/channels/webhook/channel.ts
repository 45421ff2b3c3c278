import { createHash } from 'node:crypto'
import { isIP } from 'node:net'
import { type Channel, type ChannelTools, type Outgoing, type Outcome, type Sender, SettingsError } from '../channel'
import { allowList, LOOPBACK, type Resolve } from '../address-guard'
import { HttpPost } from '../http-post'
import { body } from './body'
import { signature, signingKeys } from './signature'

export interface WebhookSettings {
  readonly url: string
  /** Base64 with or without `whsec_`, or any text; several separated by spaces while rotating. Without it nothing is signed. */
  readonly secret?: { reveal(): string } | undefined
  /** Addresses and ranges (CIDR) that are allowed though private. */
  readonly allow?: readonly string[]
  /** Allows loopback when the URL names it (`localhost`, `127.…`, `[::1]`). */
  readonly loopbackWhenNamed?: boolean
  readonly timeoutMs?: number
  /** In place of the system's resolver, for tests. */
  readonly resolve?: Resolve
}

const TIMEOUT = 15_000
const CONCURRENCY = 8

/** Standard Webhooks 1.0. One delivery per change. */
export const webhook: Channel = {
  name: 'webhook',
  concurrency: CONCURRENCY,
  open: (settings, tools) => new WebhookSender(checked(settings), tools),
}

class WebhookSender implements Sender {
  readonly description: Readonly<Record<string, unknown>>
  readonly fingerprint: string
  private readonly keys: readonly Buffer[]
  private readonly http: HttpPost

  constructor(
    private readonly settings: WebhookSettings,
    private readonly tools: ChannelTools,
  ) {
    const { url, secret, allow = [], loopbackWhenNamed = false, timeoutMs = TIMEOUT, resolve } = settings
    const { origin, hostname } = new URL(url)
    this.keys = secret ? signingKeys(secret.reveal()) : []
    const allowed = allowList([...allow, ...(loopbackWhenNamed && namesLoopback(hostname) ? LOOPBACK : [])])
    this.http = new HttpPost({ allowed, timeoutMs, connections: CONCURRENCY, resolve })
    // Path and query of a webhook's URL are often its only secret: they are told to nobody.
    this.description = { origin, signed: this.keys.length > 0 }
    this.fingerprint = createHash('sha256').update(url).digest('base64url').slice(0, 16)
  }

  async send({ id, message, at }: Outgoing): Promise<Outcome> {
    const text = body(message)
    const timestamp = Math.floor(at / 1000)
    const headers: Record<string, string> = {
      'content-type': 'application/json',
      'user-agent': 'quorate-notifier',
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
    }
    if (this.keys.length > 0) headers['webhook-signature'] = signature(this.keys, id, timestamp, text)
    return this.http.post(this.settings.url, headers, text, this.tools.now)
  }

  close(): Promise<void> {
    return this.http.close()
  }
}

function namesLoopback(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '')
  return (
    host === 'localhost' ||
    host.endsWith('.localhost') ||
    host === '::1' ||
    (isIP(host) === 4 && host.startsWith('127.'))
  )
}

function checked(settings: unknown): WebhookSettings {
  const given = settings as WebhookSettings
  if (typeof given !== 'object' || given === null || typeof given.url !== 'string' || !URL.canParse(given.url))
    throw new SettingsError('url must be an http:// or https:// URL')
  const { protocol, username, password } = new URL(given.url)
  if (protocol !== 'http:' && protocol !== 'https:') throw new SettingsError('url must be an http:// or https:// URL')
  if (username !== '' || password !== '') throw new SettingsError('url must not hold a user or password')
  return given
}
