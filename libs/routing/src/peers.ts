import type { Secret } from '@quorate/config'
import { randomUUID } from 'node:crypto'
import {
  type Answer,
  bodyHash,
  type Call,
  FORWARDED,
  isRead,
  sign,
  SIGNATURE,
  SIGNED,
  type Signed,
} from '@quorate/http'
import { busy, NOT_SENT, unknownOutcome, unreachable } from './broken-off'
import { Peer, PEER_TIMES, type PeerTimes } from './peer'
import { answerOf } from './peer-answer'
import type { PoolName } from './peer-pool'

export interface PeerOptions {
  readonly clusterSecret?: Secret | undefined
  /** ms for the answer beyond what the call itself asked to wait. */
  readonly answerMs?: number
  readonly times?: PeerTimes
}

/** What is asked of the peer: by default the call as it came. */
export interface Forwarding {
  readonly path?: string
  /** Another method than the call's; the body stays behind. */
  readonly method?: 'GET'
  /** ms for the answer, beyond `waitMs`. */
  readonly answerMs?: number
  /** ms that the call may wait at the owner before it is answered. */
  readonly waitMs?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Which connections it takes: `points` by default; a call that waits has others than one that does not. */
  readonly pool?: PoolName
  /** It changes nothing, whatever its method is: it may end when the peer is found to be out of reach. */
  readonly reads?: boolean
}

/** Passed on to the owner; the rest concerns this hop alone. */
const UP = ['accept', ...SIGNED] as const
const CREDENTIALS = ['authorization', 'x-api-key'] as const

/** The other instances: each with connections of its own, so that a slow one holds up nobody else. */
export class Peers {
  readonly #peers = new Map<string, Peer>()

  constructor(private readonly options: PeerOptions = {}) {}

  /** Watches these, and forgets all others. */
  attend(urls: ReadonlySet<string>): void {
    for (const url of urls) this.peer(url).watch()
    for (const [url, peer] of this.#peers) {
      if (urls.has(url)) continue
      this.#peers.delete(url)
      void peer.retire()
    }
  }

  peer(url: string): Peer {
    let peer = this.#peers.get(url)
    if (!peer) this.#peers.set(url, (peer = new Peer(url, this.options.times ?? PEER_TIMES)))
    return peer
  }

  /**
   * Sends a call on to `url`, once: the mark keeps the peer from sending it further.
   * @throws Problem `owner-unreachable` when nothing can have been done, `outcome-unknown` for a write that broke off
   */
  async forward(url: string, call: Call, forwarding: Forwarding = {}): Promise<Answer> {
    const answerMs = forwarding.answerMs ?? this.options.answerMs ?? 10_000
    const method = forwarding.method ?? (call.method as 'GET')
    const path = forwarding.path ?? call.url
    const waitMs = forwarding.waitMs ?? 0
    const until = performance.now() + waitMs + answerMs
    const body = forwarding.method === undefined ? call.body : undefined
    const peer = this.peer(url)
    const reads = forwarding.reads ?? isRead(method)
    if (!peer.reachable) throw unreachable(url, false)
    const pool = peer.pools.of(forwarding.pool ?? 'points', waitMs > 0)
    const { caller } = call
    const taking = await pool.take(caller, Math.min(peer.times.placeMs, waitMs + answerMs), peer.lost)
    if (taking !== 'taken') throw taking === 'lost' ? unreachable(url, false) : busy(url)
    const timeout = Math.max(1, Math.ceil(until - performance.now()))
    try {
      const answer = await pool.connections.request({
        method,
        path,
        headers: this.#headers(call, { method, path, body, to: url }, forwarding.headers),
        headersTimeout: timeout,
        bodyTimeout: timeout,
        // A write may still be done: it is waited for, so that its outcome is known if it can be.
        ...(reads ? { signal: peer.lost } : {}),
        ...(body === undefined ? {} : { body }),
      })
      peer.heard()
      return await answerOf(answer)
    } catch (error) {
      const sent = !NOT_SENT.has((error as { code?: string }).code ?? '')
      if (!sent) peer.refused()
      if (sent && !reads) throw unknownOutcome(url, error)
      throw unreachable(url, sent, error)
    } finally {
      pool.release(caller)
    }
  }

  async close(): Promise<void> {
    const peers = [...this.#peers.values()]
    this.#peers.clear()
    await Promise.all(peers.map((peer) => peer.close()))
  }

  #headers(
    call: Call,
    claim: Pick<Signed, 'method' | 'path' | 'body' | 'to'>,
    more: Forwarding['headers'],
  ): Record<string, string> {
    const { clusterSecret } = this.options
    const headers: Record<string, string> = { 'x-request-id': call.id }
    const named = clusterSecret ? UP : [...UP, ...CREDENTIALS]
    for (const name of named) {
      const value = call.headers[name]
      if (typeof value === 'string') headers[name] = value
    }
    Object.assign(headers, more)
    if (claim.body === undefined) delete headers['content-type']
    const principal = Buffer.from(JSON.stringify(call.principal ?? { name: '', roles: [] })).toString('base64url')
    const at = Date.now()
    const nonce = randomUUID()
    headers[FORWARDED] = `${at};${bodyHash(claim.body)};${principal};${nonce}`
    if (clusterSecret) headers[SIGNATURE] = sign(clusterSecret, { ...claim, at, principal, nonce, headers })
    return headers
  }
}
