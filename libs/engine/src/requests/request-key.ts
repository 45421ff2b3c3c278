import { LIMITS } from '@quorate/contracts'
import type { RecordHeaders } from '@quorate/log'

/** How a client names a request of its own, so that repeating it does nothing twice (rest.md, `Idempotency-Key`). */
export interface RequestKey {
  readonly key: string
  /** Of method, path, caller and body: the same key on anything else is a mistake of the client. */
  readonly fingerprint: string
}

/** Header of a record that a request with a key led to. */
export const REQUEST = 'quorate-request'

/** A key of visible ASCII, as the edge takes it, behind its fingerprint. Anyone may write headers: what is longer would not fit a row. */
const OURS = new RegExp(`^([\\w-]{1,64}):([\\x21-\\x7e]{1,${LIMITS.requestKeyBytes}})$`)

export const requestHeader = ({ key, fingerprint }: RequestKey) => [REQUEST, `${fingerprint}:${key}`] as const

/** undefined where the record has none, or none of ours. */
export function requestOf(headers: RecordHeaders): RequestKey | undefined {
  for (const [name, value] of headers) {
    if (name !== REQUEST) continue
    const text = value.toString('utf8')
    const found = OURS.exec(text)
    return found === null ? undefined : { fingerprint: found[1]!, key: found[2]! }
  }
  return undefined
}
