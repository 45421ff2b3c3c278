import { isIPv4 } from 'node:net'

/**
 * True for hosts that only this machine can reach: `localhost`, 127.0.0.0/8, `::1`. Names are not resolved, because
 * their meaning can change.
 */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase()
  return bare === 'localhost' || bare === '::1' || (isIPv4(bare) && bare.startsWith('127.'))
}

/** True for addresses that mean "every interface" and so cannot be advertised. */
export const isWildcard = (host: string) => host === '0.0.0.0' || host === '::' || host === '[::]'
