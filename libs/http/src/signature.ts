import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Secret } from '@quorate/config'

/** Headers of a request that one instance forwards to another. */
export const FORWARDED = 'quorate-forwarded'
export const SIGNATURE = 'quorate-signature'
/**
 * Headers that say what is to be done, or to whom it is to be answered: they are passed on to the owner, and signed.
 */
export const SIGNED = ['content-type', 'idempotency-key', 'if-match', 'if-none-match', 'quorate-min-position'] as const
/** ms that clocks of instances may differ, both ways. */
const CLOCK_WINDOW_MS = 60_000
/** ms for which a nonce has to be remembered: the sender's clock may be that far ahead, and ours behind it. */
export const NONCE_MS = 2 * CLOCK_WINDOW_MS

export interface Signed {
  readonly method: string
  /** With the query, as sent. */
  readonly path: string
  readonly body: Buffer | string | undefined
  /** Of these the `SIGNED` count. */
  readonly headers: Readonly<Record<string, unknown>>
  /** The caller's name and roles, which the owner trusts by the signature. */
  readonly principal: string
  readonly at: number
  /** Where it is sent to: the URL by which the peer is a member. */
  readonly to: string
  /** Never the same again. */
  readonly nonce: string
}

/** What is signed: of the body its hash. */
type Claim = Omit<Signed, 'body'> & { readonly hash: string }

/**
 * HMAC-SHA256 over method, path, time, caller, receiver, nonce, headers and the body's hash: none of them can be
 * changed, nor sent to another peer, and who remembers the nonces of writes takes none of them twice.
 */
export const sign = (secret: Secret, { body, ...claim }: Signed): string =>
  digest(secret, { ...claim, hash: bodyHash(body) }).toString('hex')

/** Judges everything but the body, which has not been read yet: `hash` is what the sender claims of it. */
export function verify(secret: Secret, claim: Claim & { readonly signature: string }, now = Date.now()): boolean {
  if (!Number.isSafeInteger(claim.at) || Math.abs(now - claim.at) > CLOCK_WINDOW_MS) return false
  const expected = digest(secret, claim)
  const given = Buffer.from(claim.signature, 'hex')
  return given.length === expected.length && timingSafeEqual(given, expected)
}

function digest(secret: Secret, { method, path, at, principal, to, nonce, hash, headers }: Claim): Buffer {
  // A line each, also for one that is not there: no value can take another's place.
  const said = SIGNED.map((name) => (typeof headers[name] === 'string' ? headers[name] : ''))
  return createHmac('sha256', secret.reveal())
    .update([method, path, at, principal, to, nonce, hash, ...said].join('\n'))
    .digest()
}

export const bodyHash = (body: Buffer | string | undefined) =>
  createHash('sha256')
    .update(body ?? '')
    .digest('hex')
