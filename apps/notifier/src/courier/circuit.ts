export interface CircuitOptions {
  /**
   * Failures in a row with which it opens where hardly anything else succeeded either, and with which it opens in any
   * case.
   */
  readonly failures: number
  readonly failuresAnyway: number
  /**
   * Attempts that are looked back on, and the share of them that must have succeeded to count as more than hardly
   * anything.
   */
  readonly window: number
  readonly share: number
  /** ms it stays open at first; doubles with each probe that fails. */
  readonly first: number
  /** The longest it stays open: of an endpoint that takes something now and then, and of any other. */
  readonly capAlive: number
  readonly cap: number
  /** ms after a success during which an endpoint is one that takes something now and then. */
  readonly alive: number
}

export const CIRCUIT: CircuitOptions = {
  failures: 5,
  failuresAnyway: 10,
  window: 20,
  share: 0.1,
  first: 5_000,
  capAlive: 30_000,
  cap: 300_000,
  alive: 900_000,
}
/** ms of the first pause of an endpoint that asks to be left alone; doubles with each time in a row. */
const FIRST_THROTTLE = 1_000

/**
 * One endpoint's circuit. It spares endpoints that are dead; one that takes a part of what it is sent is not, and is
 * never left alone for long.
 *
 *           failures in a row,               pause over
 *           hardly any success
 *   closed ───────────────────▶ open ◀────▶ half open ──▶ closed
 *                                    probe fails     probe succeeds
 *
 * While it is open nothing is sent to the endpoint, whatever waits; half open, one delivery at a time is, or half as
 * many as usual where the endpoint takes something now and then.
 */
export class Circuit {
  private failures = 0
  private opened = 0
  private openUntil: number | undefined
  private throttledUntil = 0
  private throttles = 0
  /** ms */
  lastSuccess = -Infinity
  /** Of the last attempts, the newest at the end. */
  private readonly outcomes: boolean[] = []

  constructor(private readonly options: CircuitOptions = CIRCUIT) {}

  get state(): 'closed' | 'open' {
    return this.openUntil === undefined ? 'closed' : 'open'
  }

  /** Earliest time, ms, at which something may be sent; in the past: now. */
  get notBefore(): number {
    return Math.max(this.throttledUntil, this.openUntil ?? 0)
  }

  /** The endpoint took something a short while ago. */
  isAlive(now: number): boolean {
    return now - this.lastSuccess <= this.options.alive
  }

  /** How many attempts may be under way at once. */
  atOnce(most: number, now: number): number {
    if (this.openUntil === undefined) return most
    return this.isAlive(now) ? Math.max(1, Math.floor(most / 2)) : 1
  }

  /** The endpoint answered sensibly. True when this closed an open circuit. */
  succeeded(now: number): boolean {
    const closed = this.openUntil !== undefined
    if (closed) this.outcomes.length = 0
    this.note(true)
    this.failures = 0
    this.opened = 0
    this.throttles = 0
    this.openUntil = undefined
    this.lastSuccess = now
    return closed
  }

  failed(now: number): void {
    this.note(false)
    this.failures++
    // What was under way when it opened fails as well: only the failure of a probe makes the pause longer.
    if (this.openUntil === undefined ? !this.isFailing() : now < this.openUntil) return
    this.openUntil = now + this.pause(this.options.first, this.opened++, now)
  }

  /** The endpoint asked to be left alone, until a time or for as long as we think fit, whichever is later. */
  throttled(now: number, until: number): void {
    // What was under way when it said so for the first time is told the same.
    if (now >= this.throttledUntil) this.throttledUntil = now + this.pause(FIRST_THROTTLE, this.throttles++, now)
    this.restThrottled(until)
  }

  /** As it is remembered of an earlier attempt. */
  restThrottled(until: number): void {
    this.throttledUntil = Math.max(this.throttledUntil, until)
  }

  private note(success: boolean): void {
    this.outcomes.push(success)
    if (this.outcomes.length > this.options.window) this.outcomes.shift()
  }

  private isFailing(): boolean {
    const { failures, failuresAnyway, share } = this.options
    if (this.failures < failures) return false
    const successes = this.outcomes.filter(Boolean).length
    return this.failures >= failuresAnyway || successes < share * this.outcomes.length
  }

  private pause(first: number, times: number, now: number): number {
    return Math.min(this.isAlive(now) ? this.options.capAlive : this.options.cap, first * 2 ** Math.min(times, 20))
  }
}
