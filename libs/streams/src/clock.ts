/** Wall time and timers, so that tests can move them. */
export interface Clock {
  /** ms since 1970. */
  now(): number
  /** Calls back once after `ms`; returns the way to cancel. */
  after(ms: number, callback: () => void): () => void
}

/** The longest that setTimeout takes; longer waits are asked again. */
const LONGEST = 2 ** 31 - 1

export const systemClock: Clock = {
  now: Date.now,
  after: (ms, callback) => {
    const timer = setTimeout(callback, Math.min(Math.max(0, ms), LONGEST))
    return () => clearTimeout(timer)
  },
}
