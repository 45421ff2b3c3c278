import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Secret } from '@quorate/config'

/** Headers of a request that one instance forwards to another. */
export const FORWARDED = 'quorate-forwarded'
export const SIGNATURE = 'quorate-signature'
/** ms that clocks of instances may differ, both ways. */
const WINDOW = 60_000

export interface Signed {
  readonly method: string
  /** With the query, as sent. */
  readonly path: string
  readonly body: Buffer | string | undefined
  /** The caller's name and roles, which the owner trusts by the signature. */
  readonly principal: string
  readonly at: number
}

/** HMAC-SHA256 over method, path, time, caller and the body's hash: none of them can be changed or replayed later. */
export function sign(secret: Secret, { method, path, body, principal, at }: Signed): string {
  return createHmac('sha256', secret.reveal())
    .update([method, path, at, principal, bodyHash(body)].join('\n'))
    .digest('hex')
}

/** Judges everything but the body, which has not been read yet: `hash` is what the sender claims of it. */
export function verify(
  secret: Secret,
  claim: Omit<Signed, 'body'> & { hash: string; signature: string },
  now = Date.now(),
): boolean {
  if (Math.abs(now - claim.at) > WINDOW) return false
  const { method, path, at, principal, hash } = claim
  const expected = createHmac('sha256', secret.reveal()).update([method, path, at, principal, hash].join('\n')).digest()
  const given = Buffer.from(claim.signature, 'hex')
  return given.length === expected.length && timingSafeEqual(given, expected)
}

export const bodyHash = (body: Buffer | string | undefined) =>
  createHash('sha256')
    .update(body ?? '')
    .digest('hex')
