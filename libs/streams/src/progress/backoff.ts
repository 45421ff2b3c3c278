import { setTimeout } from 'node:timers/promises'

/** ms: the first pause after an error that a repetition may heal, doubled up to a cap. */
const FIRST = 100
/**
 * The longest pause, ms: while the log cannot be reached, when everything waits for it to come back; and after other
 * errors.
 */
export const CAPS = { log: 5_000, other: 30_000 } as const

/** Pauses that grow; in real time, even where a test moves the clock: what they wait for is real. */
export class Backoff {
  private ms = FIRST
  private waiting: AbortController | undefined

  constructor(private readonly signal: AbortSignal) {}

  /** Told when there was progress: nothing else makes the pauses short again. */
  reset(): void {
    this.ms = FIRST
  }

  next(cap: number): number {
    return Math.min(this.ms, cap)
  }

  /** Ends early when the signal is given. */
  async wait(cap: number): Promise<void> {
    const ms = this.next(cap)
    this.ms = Math.min(this.ms * 2, CAPS.other)
    this.waiting = new AbortController()
    const signal = AbortSignal.any([this.signal, this.waiting.signal])
    await setTimeout(ms, undefined, { signal }).catch(() => undefined)
    this.waiting = undefined
  }

  /** Ends the present pause. */
  hurry(): void {
    this.reset()
    this.waiting?.abort()
  }
}
