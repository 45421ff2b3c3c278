import { createHmac } from 'node:crypto'

/**
 * Keys of a secret as configured: several, separated by spaces, while one is being rotated. Each is base64, with or
 * without the prefix `whsec_` (Standard Webhooks 1.0, "Signature scheme"); what is no base64 is taken as its UTF-8
 * bytes.
 */
export function signingKeys(secret: string): Buffer[] {
  return secret
    .split(/\s+/)
    .filter((part) => part !== '')
    .map(keyOf)
}

function keyOf(secret: string): Buffer {
  const text = secret.startsWith('whsec_') ? secret.slice('whsec_'.length) : secret
  const bytes = Buffer.from(text, 'base64')
  const same = bytes.length > 0 && bytes.toString('base64').replace(/=+$/, '') === text.replace(/=+$/, '')
  return same ? bytes : Buffer.from(secret)
}

/**
 * `webhook-signature`: one `v1,` signature a key, separated by spaces, over `<id>.<timestamp>.<body>`; the timestamp in
 * whole seconds.
 */
export function signature(keys: readonly Buffer[], id: string, timestamp: number, body: string): string {
  const signed = `${id}.${timestamp}.${body}`
  return keys.map((key) => `v1,${createHmac('sha256', key).update(signed).digest('base64')}`).join(' ')
}
