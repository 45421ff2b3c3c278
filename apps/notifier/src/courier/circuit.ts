export interface CircuitOptions {
  /** Failures in a row that open it. */
  readonly failures: number
  /** ms it stays open at first; doubles with each probe that fails. */
  readonly first: number
  readonly cap: number
}

export const CIRCUIT: CircuitOptions = { failures: 5, first: 5_000, cap: 300_000 }

/**
 * One endpoint's circuit.
 *
 *           failures in a row                pause over
 *   closed ───────────────────▶ open ◀────▶ half open ──▶ closed
 *                                    probe fails     probe succeeds
 *
 * While it is open nothing is sent to the endpoint, whatever waits; half open, one delivery at a time is.
 */
export class Circuit {
  private failures = 0
  private opened = 0
  private openUntil: number | undefined
  private throttledUntil = 0

  constructor(private readonly options: CircuitOptions = CIRCUIT) {}

  get state(): 'closed' | 'open' {
    return this.openUntil === undefined ? 'closed' : 'open'
  }

  /** Earliest time, ms, at which something may be sent; in the past: now. */
  get notBefore(): number {
    return Math.max(this.throttledUntil, this.openUntil ?? 0)
  }

  /** How many attempts may be under way at once. */
  atOnce(most: number): number {
    return this.openUntil === undefined ? most : 1
  }

  /** The endpoint answered sensibly. True when this closed an open circuit. */
  succeeded(): boolean {
    const closed = this.openUntil !== undefined
    this.failures = 0
    this.opened = 0
    this.openUntil = undefined
    return closed
  }

  failed(now: number): void {
    this.failures++
    // What was under way when it opened fails as well: only the failure of a probe makes the pause longer.
    if (this.failures < this.options.failures || (this.openUntil !== undefined && now < this.openUntil)) return
    this.openUntil = now + Math.min(this.options.cap, this.options.first * 2 ** Math.min(this.opened++, 20))
  }

  /** The endpoint asked to be left alone. */
  throttled(until: number): void {
    this.throttledUntil = Math.max(this.throttledUntil, until)
  }
}
