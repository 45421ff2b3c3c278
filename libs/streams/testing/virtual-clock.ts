import type { Clock } from '../src/clock'

interface Timer {
  readonly at: number
  readonly callback: () => void
}

/** Wall time that stands still until it is moved. */
export class VirtualClock implements Clock {
  private timers = new Set<Timer>()

  constructor(private time = 1_700_000_000_000) {}

  now(): number {
    return this.time
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { at: this.time + Math.max(0, ms), callback }
    // A timer that is due already must still not call back inside the call that made it.
    if (ms <= 0) setImmediate(() => this.fire(timer))
    this.timers.add(timer)
    return () => this.timers.delete(timer)
  }

  /** When the next timer is due, ms. */
  get next(): number {
    let next = Infinity
    for (const { at } of this.timers) next = Math.min(next, at)
    return next
  }

  /** Moves time to `time`, firing what is due on the way, in order. */
  moveTo(time: number): void {
    for (;;) {
      const next = [...this.timers].filter((timer) => timer.at <= time).sort((a, b) => a.at - b.at)[0]
      if (!next) break
      this.time = Math.max(this.time, next.at)
      this.fire(next)
    }
    this.time = Math.max(this.time, time)
  }

  advance(ms: number): void {
    this.moveTo(this.time + ms)
  }

  private fire(timer: Timer): void {
    if (this.timers.delete(timer)) timer.callback()
  }
}
