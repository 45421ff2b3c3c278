import type { FastifyRequest } from 'fastify'

/** How many places a caller may hold for each one that is free. */
const SHARE = 3

/**
 * Slots that callers share: one who holds some gets another only while it holds less than three times as many as are
 * free. So a single caller gets three quarters of them, several get less each, and there is always a place for one who
 * has none.
 */
export class Slots {
  #held = 0
  readonly #by = new Map<string, number>()

  constructor(readonly most: number) {}

  hasFor(caller: string): boolean {
    return (this.#by.get(caller) ?? 0) < (this.most - this.#held) * SHARE
  }

  take(caller: string): void {
    this.#held++
    this.#by.set(caller, (this.#by.get(caller) ?? 0) + 1)
  }

  release(caller: string): void {
    this.#held--
    const left = (this.#by.get(caller) ?? 0) - 1
    if (left > 0) this.#by.set(caller, left)
    else this.#by.delete(caller)
  }

  heldBy(caller: string): number {
    return this.#by.get(caller) ?? 0
  }
}

/** Whose share a request counts for: who calls from where; of a forwarded request, the instance that sent it. */
export function callerOf({
  forwarded,
  principal,
  raw,
}: Pick<FastifyRequest, 'forwarded' | 'principal' | 'raw'>): string {
  const from = networkOf(raw.socket.remoteAddress ?? '')
  return forwarded ? `peer ${from}` : `${principal?.name ?? ''}@${from}`
}

/** An IPv4 address, or the network of an IPv6 address (/64): a host has all addresses of its network. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address
  if (address.startsWith('::ffff:') && address.includes('.')) return address.slice('::ffff:'.length)
  const [head = '', tail] = address.split('%')[0]!.split('::')
  const groups = head === '' ? [] : head.split(':')
  const behind = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? [] : Array<string>(Math.max(0, 8 - groups.length - behind.length)).fill('0')
  return [...groups, ...zeros, ...behind].slice(0, 4).join(':')
}
