import { Pool } from 'undici'
import { Slots } from '@quorate/http'

/**
 * Connections to one peer at most. Points and fan-outs each have their own, so that lists hold up no point read; and so
 * have requests that may wait at the owner for a position, which they do for up to a minute: one partition that lags
 * holds up none of the others.
 */
const CONNECTIONS = { points: 64, waits: 128, lists: 16, listWaits: 32 } as const
type Kind = keyof typeof CONNECTIONS
/** What a request is: which connections it takes besides depends on whether it waits. */
export type PoolName = 'points' | 'lists'

const MAX_ANSWER_BYTES = 64 * 1024 * 1024

interface Waiter {
  readonly caller: string
  readonly end: (taking: Taking) => void
}

/** What came of asking for a place: while it is not `taken`, nothing has been sent. */
export type Taking = 'taken' | 'busy' | 'lost'

export const connections = (url: string, count: number, connectMs: number): Pool =>
  new Pool(url, {
    connections: count,
    connect: { timeout: connectMs },
    pipelining: 1,
    keepAliveTimeout: 30_000,
    maxResponseSize: MAX_ANSWER_BYTES,
  })

/**
 * Connections with a place for each request. The pool's own queue has no time-out and no end when the peer is lost: a
 * write that waits in it is sent whenever a connection becomes free, long after another has taken its partition over.
 */
export class PeerPool {
  readonly connections: Pool
  readonly #slots: Slots
  #closed = false
  /** In the order they came. */
  readonly #waiting = new Set<Waiter>()

  constructor(url: string, kind: Kind, connectMs: number) {
    this.#slots = new Slots(CONNECTIONS[kind])
    this.connections = connections(url, CONNECTIONS[kind], connectMs)
  }

  /** A place, to be released; or none within `ms`, or before `lost`. Callers share them: none keeps all. */
  take(caller: string, ms: number, lost: AbortSignal): Promise<Taking> {
    if (this.#closed || lost.aborted) return Promise.resolve('lost')
    if (this.#slots.hasFor(caller)) {
      this.#slots.take(caller)
      return Promise.resolve('taken')
    }
    return new Promise((resolve) => {
      const end = (taking: Taking): void => {
        clearTimeout(timer)
        lost.removeEventListener('abort', onLost)
        this.#waiting.delete(waiter)
        if (taking === 'taken') this.#slots.take(caller)
        resolve(taking)
      }
      const waiter = { caller, end }
      const onLost = (): void => end('lost')
      const timer = setTimeout(() => end('busy'), ms)
      lost.addEventListener('abort', onLost, { once: true })
      this.#waiting.add(waiter)
    })
  }

  release(caller: string): void {
    this.#slots.release(caller)
    // More than one may go on: with each place that is free, a share grows by three.
    for (const { caller: next, end } of [...this.#waiting]) if (this.#slots.hasFor(next)) end('taken')
  }

  /** What has been sent goes on to its end; what waits for a place gets none. */
  async close(): Promise<void> {
    this.#shut()
    await this.connections.close()
  }

  async destroy(): Promise<void> {
    this.#shut()
    await this.connections.destroy()
  }

  #shut(): void {
    this.#closed = true
    for (const { end } of [...this.#waiting]) end('lost')
  }
}

/** The pools of one peer, opened when they are first used. */
export class PeerPools {
  readonly #open = new Map<Kind, PeerPool>()

  constructor(
    private readonly url: string,
    private readonly connectMs: number,
  ) {}

  of(name: PoolName, waits: boolean): PeerPool {
    const kind = !waits ? name : name === 'points' ? 'waits' : 'listWaits'
    let pool = this.#open.get(kind)
    if (!pool) this.#open.set(kind, (pool = new PeerPool(this.url, kind, this.connectMs)))
    return pool
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map((pool) => pool.close()))
  }

  async destroy(): Promise<void> {
    await Promise.all([...this.#open.values()].map((pool) => pool.destroy()))
  }
}
