import { Type } from '@sinclair/typebox'
import { type Channel, type ChannelTools, type Outgoing, type Outcome, type Sender } from '../channel'
import { HttpEndpoint, type HttpSettings } from '../http-endpoint'
import { ADDRESSES, CLOSED, type GivenSecret, revealed, SECONDS, SECRET, settingsCheck, URL_TEXT } from '../settings'
import { body } from './body'
import { signature, signingKeys } from './signature'

export interface WebhookSettings extends HttpSettings {
  /**
   * Base64 with or without `whsec_`, or any text; several separated by spaces while rotating. Without any nothing is
   * signed.
   */
  readonly secret?: GivenSecret | undefined
  /** Several of them while one is rotated. */
  readonly secrets?: readonly GivenSecret[]
}

const CONCURRENCY = 8

export const WEBHOOK_SCHEMA = Type.Object(
  {
    url: URL_TEXT,
    secret: Type.Optional(SECRET),
    secrets: Type.Optional(Type.Array(SECRET, { minItems: 1, maxItems: 8, description: 'a list of 1–8 references' })),
    allowAddresses: Type.Optional(ADDRESSES),
    timeout: Type.Optional(SECONDS(1, 60)),
  },
  { ...CLOSED, description: 'settings of a webhook: url, secret, secrets, allowAddresses, timeout' },
)

/** Standard Webhooks 1.0. One delivery per change. */
export const webhook: Channel = {
  name: 'webhook',
  concurrency: CONCURRENCY,
  schema: WEBHOOK_SCHEMA,
  check: settingsCheck(WEBHOOK_SCHEMA),
  open: (settings, tools) => new WebhookSender(settings as WebhookSettings, tools),
}

class WebhookSender implements Sender {
  readonly description: Readonly<Record<string, unknown>>
  readonly fingerprint: string
  private readonly keys: readonly Buffer[]
  private readonly endpoint: HttpEndpoint

  constructor(settings: WebhookSettings, tools: ChannelTools) {
    const { secret, secrets = [] } = settings ?? {}
    const texts = [...(secret === undefined ? [] : [secret]), ...secrets].map((one) => revealed(one, tools))
    this.keys = texts.flatMap(signingKeys)
    this.endpoint = new HttpEndpoint(settings ?? {}, tools, {
      connections: CONCURRENCY,
      secrets: texts.flatMap((text) => text.split(/\s+/)).flatMap((one) => [one, one.replace(/^whsec_/, '')]),
    })
    this.description = { origin: this.endpoint.origin, signed: this.keys.length > 0 }
    this.fingerprint = this.endpoint.fingerprint
  }

  send({ id, message, at }: Outgoing): Promise<Outcome> {
    const text = body(message)
    const timestamp = Math.floor(at / 1000)
    return this.endpoint.post(
      {
        'webhook-id': id,
        'webhook-timestamp': String(timestamp),
        ...(this.keys.length > 0 ? { 'webhook-signature': signature(this.keys, id, timestamp, text) } : {}),
      },
      text,
    )
  }

  close(): Promise<void> {
    return this.endpoint.close()
  }
}
