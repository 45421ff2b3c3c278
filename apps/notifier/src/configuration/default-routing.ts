import type { Config } from '@quorate/config'
import { AT_ONCE, type Receiver, type Routing } from '../pipeline'

const CONSOLE: Receiver = { name: 'console', endpoints: [{ name: 'console', channel: 'console', settings: undefined }] }

/**
 * Who is told, from the settings of the process: the webhook if one is named, else the console; every change, at once.
 * The console is told when the webhook gives up.
 */
export function routingOf({ webhookUrl, webhookSecret }: Pick<Config, 'webhookUrl' | 'webhookSecret'>): Routing {
  if (webhookUrl === undefined) return { receivers: [CONSOLE], root: { ...AT_ONCE, receiver: 'console' } }
  const settings = { url: webhookUrl, secret: webhookSecret, loopbackWhenNamed: true }
  const webhook: Receiver = {
    name: 'webhook',
    endpoints: [{ name: 'webhook', channel: 'webhook', settings }],
    fallback: 'console',
  }
  return { receivers: [webhook, CONSOLE], root: { ...AT_ONCE, receiver: 'webhook' } }
}
