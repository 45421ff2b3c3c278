import { setMaxListeners } from 'node:events'
import { Pool } from 'undici'

export interface PeerTimes {
  /** ms for a connection. */
  readonly connectMs: number
  /** ms between two probes. */
  readonly probeEveryMs: number
  /** ms that a probe may take; with the pause before it, what it takes to notice a dead peer. */
  readonly probeMs: number
}

/** A dead peer is noticed within 2 s, apart from the group's protocol, which takes the session's six. */
export const PEER_TIMES: PeerTimes = { connectMs: 1_000, probeEveryMs: 400, probeMs: 1_400 }

/** Connections to one peer at most: point requests and fan-outs each have their own, so that lists hold up no point read. */
const CONNECTIONS = { points: 64, lists: 16 } as const
export type Lane = keyof typeof CONNECTIONS

const MAX_ANSWER = 64 * 1024 * 1024
/** ms that a timer of ours may be late before we take it that we slept ourselves, and know nothing of the peer. */
const OVERSLEPT = 300

/**
 * Another instance as this one sees it: its connections, and whether it answers. A probe asks it all the time while it is watched; a peer
 * that does not answer one is out of reach, reads under way to it end at once, and new ones are not begun, until it answers again.
 */
export class Peer {
  /** Until a probe tells otherwise. */
  reachable = true
  /** performance.now() of the last change of `reachable`. */
  since = performance.now()
  readonly #lanes = new Map<Lane, Pool>()
  #lost = lostSignal()
  #heardAt = performance.now()
  #probe: Pool | undefined
  #timer: NodeJS.Timeout | undefined
  #watched = false

  constructor(
    readonly url: string,
    private readonly times: PeerTimes,
  ) {}

  /** Aborts when the peer is found to be out of reach. */
  get lost(): AbortSignal {
    return this.#lost.signal
  }

  lane(lane: Lane): Pool {
    let pool = this.#lanes.get(lane)
    if (!pool) {
      pool = this.#pool(CONNECTIONS[lane])
      this.#lanes.set(lane, pool)
    }
    return pool
  }

  /** Something came from it. */
  heard(): void {
    this.#heardAt = performance.now()
    if (!this.reachable) this.#turn(true)
  }

  /** It refused a connection: it is gone, or not there yet. Only of a peer that is watched, since nothing else would find it again. */
  refused(): void {
    if (this.reachable && this.#watched) this.#turn(false)
  }

  watch(): void {
    if (this.#watched) return
    this.#watched = true
    this.#heardAt = performance.now()
    void this.#ask()
  }

  /** Not watched any more; what is under way goes on to its end. */
  async retire(): Promise<void> {
    this.#watched = false
    clearTimeout(this.#timer)
    await this.#probe?.destroy()
    await Promise.all([...this.#lanes.values()].map((pool) => pool.close()))
  }

  async close(): Promise<void> {
    this.#watched = false
    clearTimeout(this.#timer)
    await this.#probe?.destroy()
    await Promise.all([...this.#lanes.values()].map((pool) => pool.destroy()))
  }

  async #ask(): Promise<void> {
    const { probeMs, probeEveryMs } = this.times
    const limit = new AbortController()
    const timer = setTimeout(() => limit.abort(), probeMs)
    const began = performance.now()
    try {
      this.#probe ??= this.#pool(1)
      const { body } = await this.#probe.request({ method: 'GET', path: '/livez', signal: limit.signal })
      // Whatever it says of itself, it answers.
      this.heard()
      await body.dump()
    } catch {
      if (this.#watched) this.#silent(performance.now() - began)
    } finally {
      clearTimeout(timer)
    }
    if (this.#watched) this.#timer = setTimeout(() => void this.#ask(), probeEveryMs).unref()
  }

  /** A probe failed after `took` ms. */
  #silent(took: number): void {
    // A process that was frozen finds its own timers run out before it has read what came meanwhile.
    if (took > this.times.probeMs + OVERSLEPT) return
    const timedOut = took >= this.times.probeMs
    if (timedOut && performance.now() - this.#heardAt < this.times.probeMs) return
    if (this.reachable) this.#turn(false)
  }

  #turn(reachable: boolean): void {
    this.reachable = reachable
    this.since = performance.now()
    if (reachable) this.#lost = lostSignal()
    else this.#lost.abort()
  }

  #pool(connections: number): Pool {
    return new Pool(this.url, {
      connections,
      connect: { timeout: this.times.connectMs },
      pipelining: 1,
      keepAliveTimeout: 30_000,
      maxResponseSize: MAX_ANSWER,
    })
  }
}

function lostSignal(): AbortController {
  const controller = new AbortController()
  // As many listeners as there are requests under way.
  setMaxListeners(0, controller.signal)
  return controller
}
