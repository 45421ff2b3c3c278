import { lookup } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'

/**
 * An address that must not be connected to. Its message names the host, not what it resolved to: that may be an answer
 * about the inside.
 */
export class AddressRefused extends Error {
  override readonly name = 'AddressRefused'
  readonly code = 'address-refused'
  constructor(host: string) {
    super(`address-refused: ${host} is, or resolves to, an address that is not allowed`)
  }
}

/**
 * Not for receivers: this machine, private networks, link-local (cloud metadata), multicast and reserved ranges (RFC
 * 6890).
 */
const REFUSED = new BlockList()
for (const [net, prefix] of [
  ['0.0.0.0', 8], ['10.0.0.0', 8], ['100.64.0.0', 10], ['127.0.0.0', 8], ['169.254.0.0', 16], ['172.16.0.0', 12], ['192.0.0.0', 24],
  ['192.0.2.0', 24], ['192.88.99.0', 24], ['192.168.0.0', 16], ['198.18.0.0', 15], ['198.51.100.0', 24], ['203.0.113.0', 24],
  ['224.0.0.0', 4], ['240.0.0.0', 4],
] as const) REFUSED.addSubnet(net, prefix, 'ipv4') // prettier-ignore
// ::/96 holds :: and ::1; 2002::/16 and 64:ff9b::/96 carry an IPv4 address that would be reached behind our back.
for (const [net, prefix] of [
  ['::', 96], ['64:ff9b::', 96], ['64:ff9b:1::', 48], ['100::', 64], ['2001::', 23], ['2001:db8::', 32], ['2002::', 16], ['fc00::', 7],
  ['fe80::', 10], ['fec0::', 10], ['ff00::', 8],
] as const) REFUSED.addSubnet(net, prefix, 'ipv6') // prettier-ignore

/** Ranges, in CIDR or as single addresses, that are allowed all the same. */
export function allowList(ranges: readonly string[]): BlockList {
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', prefix] = range.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (prefix === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(prefix), family)
  }
  return list
}

export const LOOPBACK: readonly string[] = ['127.0.0.0/8', '::1']

/** May this address be connected to? IPv4 in IPv6 (`::ffff:10.0.0.1`) is judged as the IPv4 address that it is. */
export function isAllowed(address: string, allowed: BlockList): boolean {
  const mapped = mappedIpv4(address)
  if (mapped !== undefined) return isAllowed(mapped, allowed)
  const family = isIP(address)
  if (family === 0) return false
  const kind = family === 6 ? 'ipv6' : 'ipv4'
  return allowed.check(address, kind) || !REFUSED.check(address, kind)
}

/** The IPv4 address in `::ffff:a.b.c.d`, however it is written. */
function mappedIpv4(address: string): string | undefined {
  if (isIP(address) !== 6 || !URL.canParse(`http://[${address.split('%')[0]!}]/`)) return undefined
  const host = new URL(`http://[${address.split('%')[0]!}]/`).hostname
  const found = /^\[::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/.exec(host)
  if (!found) return undefined
  const [high, low] = [parseInt(found[1]!, 16), parseInt(found[2]!, 16)]
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`
}

/** How names are resolved; node's own in production. */
export type Resolve = (host: string) => Promise<{ address: string; family: number }[]>

const systemResolve: Resolve = (host) =>
  new Promise((resolve, reject) =>
    lookup(host, { all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses))),
  )

/**
 * A `lookup` for sockets that returns allowed addresses only. It runs at every connection, so that a name that later
 * resolves to an internal address (DNS rebinding) is refused too. One refused address among several refuses the name.
 */
export function guardedLookup(allowed: BlockList, resolve: Resolve = systemResolve): LookupFunction {
  return (host, options, callback) => {
    resolve(host).then(
      (addresses) => {
        if (addresses.length === 0 || !addresses.every(({ address }) => isAllowed(address, allowed)))
          callback(new AddressRefused(host), '')
        else if (options.all) callback(null, addresses)
        else callback(null, addresses[0]!.address, addresses[0]!.family)
      },
      (error: NodeJS.ErrnoException) => callback(error, ''),
    )
  }
}
