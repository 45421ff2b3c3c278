import { isIP } from 'node:net'

/** Does an address name this machine (`localhost`, `127.…`, `[::1]`)? What a name resolves to is another matter. */
export function namesLoopback(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '')
  return (
    host === 'localhost' ||
    host.endsWith('.localhost') ||
    host === '::1' ||
    (isIP(host) === 4 && host.startsWith('127.'))
  )
}
