import { setMaxListeners } from 'node:events'
import type { Pool } from 'undici'
import { connections, PeerPools } from './peer-pool'

export interface PeerTimes {
  /** ms for a connection. */
  readonly connectMs: number
  /** ms between two probes. */
  readonly probeEveryMs: number
  /** ms that a probe may take; with the pause before it, what it takes to notice a dead peer. */
  readonly probeMs: number
  /** ms that a request waits for one of the connections, when all are taken. */
  readonly placeMs: number
}

/** A dead peer is noticed within 2 s, apart from the group's protocol, which takes the session's six. */
export const PEER_TIMES: PeerTimes = { connectMs: 1_000, probeEveryMs: 400, probeMs: 1_400, placeMs: 2_000 }

/** ms that a timer may be late before it shows that this process slept, and nothing about the peer. */
const MAX_TIMER_DELAY_MS = 300

/**
 * Another instance as this one sees it: its connections, and whether it answers. A probe asks it all the time while it
 * is watched; a peer that does not answer one is out of reach, reads under way to it end at once, and new ones are not
 * begun, until it answers again.
 */
export class Peer {
  /** Until a probe tells otherwise. */
  reachable = true
  /** performance.now() of the last change of `reachable`. */
  since = performance.now()
  readonly pools: PeerPools
  #lost = lostSignal()
  #heardAt = performance.now()
  #probe: Pool | undefined
  #timer: NodeJS.Timeout | undefined
  #watched = false

  constructor(
    readonly url: string,
    readonly times: PeerTimes,
  ) {
    this.pools = new PeerPools(url, times.connectMs)
  }

  /** Aborts when the peer is found to be out of reach. */
  get lost(): AbortSignal {
    return this.#lost.signal
  }

  /** Something came from it. */
  heard(): void {
    this.#heardAt = performance.now()
    if (!this.reachable) this.#turn(true)
  }

  /**
   * It refused a connection: it is gone, or not there yet. Only of a peer that is watched, since nothing else would
   * find it again.
   */
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
    await this.pools.close()
  }

  async close(): Promise<void> {
    this.#watched = false
    clearTimeout(this.#timer)
    await this.#probe?.destroy()
    await this.pools.destroy()
  }

  async #ask(): Promise<void> {
    const { probeMs, probeEveryMs } = this.times
    const limit = new AbortController()
    const timer = setTimeout(() => limit.abort(), probeMs)
    const began = performance.now()
    try {
      this.#probe ??= connections(this.url, 1, this.times.connectMs)
      const { body } = await this.#probe.request({ method: 'GET', path: '/livez', signal: limit.signal })
      // Whatever it says of itself, it answers.
      this.heard()
      await body.dump()
    } catch {
      if (this.#watched) this.#silent(limit.signal.aborted, performance.now() - began)
    } finally {
      clearTimeout(timer)
    }
    if (this.#watched) this.#timer = setTimeout(() => void this.#ask(), probeEveryMs).unref()
  }

  /**
   * A probe failed after `took` ms: by the time that it has, which its timer tells (a clock may say a bit less), or by
   * itself.
   */
  #silent(timedOut: boolean, took: number): void {
    // A process that was frozen finds its own timers run out before it has read what came meanwhile.
    if (took > this.times.probeMs + MAX_TIMER_DELAY_MS) return
    if (timedOut && performance.now() - this.#heardAt < this.times.probeMs) return
    if (this.reachable) this.#turn(false)
  }

  #turn(reachable: boolean): void {
    this.reachable = reachable
    this.since = performance.now()
    if (reachable) this.#lost = lostSignal()
    else this.#lost.abort()
  }
}

function lostSignal(): AbortController {
  const controller = new AbortController()
  // As many listeners as there are requests under way.
  setMaxListeners(0, controller.signal)
  return controller
}
