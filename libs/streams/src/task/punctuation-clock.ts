import type { Offset } from '@quorate/log'

/** A tick that has not come back after this long is appended again, ms. */
const TICK_LOST = 5_000
/**
 * The longest wait for a clock that is behind, ms: were ours wrong for a moment, the wait must not last as long as it
 * was wrong by.
 */
const MOST_SKEW = 60_000

/**
 * When to punctuate a task. In `wall` time, at the due time. In `log` time a punctuation appends a tick, whose append
 * time decides: where that is still before the due time (clocks differ) the owner waits for the difference instead of
 * spinning (docs/architecture.md, "A task, and the order of durability").
 */
export class PunctuationClock {
  private sent: { readonly at: number; readonly position: Offset } | undefined
  private skew = 0

  constructor(private readonly kind: 'log' | 'wall') {}

  reset(): void {
    this.sent = undefined
    this.skew = 0
  }

  /** ms from `now` until the punctuation for `due`. */
  in(due: number, position: Offset, now: number): number {
    if (this.kind === 'wall') return due - now
    if (this.sent && position <= this.sent.position) return this.sent.at + TICK_LOST - now
    this.sent = undefined
    return due + this.skew - now
  }

  punctuated(position: Offset, now: number): void {
    if (this.kind === 'log') this.sent = { at: now, position }
  }

  /** Records up to this log time have been applied. */
  came(logTime: number, position: Offset): void {
    if (!this.sent || position <= this.sent.position) return
    // The tick was appended after `sent.at` by our clock, so a smaller append time means that the log's clock is
    // behind. A log that is ahead needs no waiting. Measured against the time of sending: a process frozen meanwhile
    // must not count its sleep.
    this.skew = Math.min(MOST_SKEW, Math.max(0, this.sent.at - logTime))
    this.sent = undefined
  }
}
