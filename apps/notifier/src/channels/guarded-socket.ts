import { connect, isIP, type Socket } from 'node:net'
import type { BlockList } from 'node:net'
import { AddressRefused, guardedLookup, isAllowed, type Resolve } from './address-guard'

export interface GuardedSocketOptions {
  readonly host: string
  readonly port: number
  readonly allowed: BlockList
  readonly timeoutMs: number
  readonly resolve?: Resolve | undefined
}

/** The name did not answer in time; nothing was sent. */
class ConnectTimeout extends Error {
  readonly code = 'timeout'
}

/**
 * Connects to an allowed address: a literal is judged at once, a name by its guarded lookup, and the socket's peer at
 * the end.
 * @throws AddressRefused, errors of the socket
 */
export function guardedSocket({ host, port, allowed, timeoutMs, resolve }: GuardedSocketOptions): Promise<Socket> {
  if (isIP(host) !== 0 && !isAllowed(host, allowed)) return Promise.reject(new AddressRefused(host))
  return new Promise((opened, failed) => {
    const socket = connect({ host, port, lookup: guardedLookup(allowed, resolve), keepAlive: true })
    const fail = (error: Error): void => {
      socket.destroy()
      failed(error)
    }
    socket.setTimeout(timeoutMs, () => fail(new ConnectTimeout()))
    socket.once('error', fail)
    socket.once('connect', () => {
      socket.setTimeout(0)
      socket.removeAllListeners('timeout').removeListener('error', fail)
      if (socket.remoteAddress !== undefined && isAllowed(socket.remoteAddress, allowed)) opened(socket)
      else fail(new AddressRefused(host))
    })
  })
}
