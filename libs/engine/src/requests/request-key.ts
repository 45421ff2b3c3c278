import { LIMITS } from '@quorate/contracts'
import type { RecordHeaders } from '@quorate/log'

/** A client's own name of a request, so that repeating it has no further effect (rest.md, `Idempotency-Key`). */
export interface RequestKey {
  readonly key: string
  /** Of method, path, caller and body: using the same key for anything else is a client error. */
  readonly fingerprint: string
}

/** Header of a record that was written for a request with a key. */
export const REQUEST = 'quorate-request'

/**
 * A fingerprint, and a key of visible ASCII as the HTTP layer accepts it. Anyone may write headers: a longer key would
 * not fit a row.
 */
const HEADER_VALUE = new RegExp(`^([\\w-]{1,64}):([\\x21-\\x7e]{1,${LIMITS.requestKeyBytes}})$`)

export const requestHeader = ({ key, fingerprint }: RequestKey) => [REQUEST, `${fingerprint}:${key}`] as const

/** undefined if the record has no such header, or an invalid one. */
export function requestOf(headers: RecordHeaders): RequestKey | undefined {
  for (const [name, value] of headers) {
    if (name !== REQUEST) continue
    const text = value.toString('utf8')
    const found = HEADER_VALUE.exec(text)
    return found === null ? undefined : { fingerprint: found[1]!, key: found[2]! }
  }
  return undefined
}
