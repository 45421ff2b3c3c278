import { createHash } from 'node:crypto'
import { allowList, LOOPBACK, type Resolve } from './address-guard'
import type { ChannelTools, Outcome } from './channel'
import { HttpPost } from './http-post'
import { namesLoopback } from './loopback'
import { secretsOfUrl } from './masking'
import { httpUrl } from './settings'

/** Settings that all channels over HTTP have. */
export interface HttpSettings {
  readonly url: string
  /** Addresses and ranges (CIDR) that are allowed though private. */
  readonly allowAddresses?: readonly string[]
  /** Seconds */
  readonly timeout?: number
  /** Allows loopback when the URL names it: for what the process itself is started with, not for the configuration. */
  readonly loopbackWhenNamed?: boolean
  /** In place of the system's resolver. */
  readonly resolve?: Resolve
}

const TIMEOUT = 15

/** An address that is posted to. */
export class HttpEndpoint {
  /** All of the address that is told: path and query are often its only secret. */
  readonly origin: string
  readonly fingerprint: string
  private readonly http: HttpPost
  private readonly url: string

  /** @throws SettingsError */
  constructor(
    settings: HttpSettings,
    private readonly tools: ChannelTools,
    { connections, secrets = [] }: { connections: number; secrets?: readonly string[] },
  ) {
    const url = httpUrl(settings.url, tools)
    const { allowAddresses = [], loopbackWhenNamed = false, timeout = TIMEOUT, resolve } = settings
    this.url = url.href
    this.origin = url.origin
    this.fingerprint = createHash('sha256').update(url.href).digest('base64url').slice(0, 16)
    this.http = new HttpPost({
      allowed: allowList([...allowAddresses, ...(loopbackWhenNamed && namesLoopback(url.hostname) ? LOOPBACK : [])]),
      timeoutMs: timeout * 1000,
      connections,
      resolve,
      secrets: [...secrets, ...secretsOfUrl(url)],
    })
  }

  /** Never rejects. */
  post(headers: Readonly<Record<string, string>>, body: string): Promise<Outcome> {
    const all = { 'content-type': 'application/json', 'user-agent': 'quorate-notifier', ...headers }
    return this.http.post(this.url, all, body, this.tools.now)
  }

  close(): Promise<void> {
    return this.http.close()
  }
}
