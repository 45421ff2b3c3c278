import { isNativeError } from 'node:util/types'

/**
 * The code of an error or of what caused it: `ECONNREFUSED`, `address-refused`; else its name. Never its message, which
 * may hold an address.
 */
export function faultCode(error: unknown): string | undefined {
  for (let e: unknown = error; isNativeError(e); e = e.cause) {
    const { code } = e as NodeJS.ErrnoException
    if (typeof code === 'string') return code
  }
  return isNativeError(error) ? error.name : undefined
}
