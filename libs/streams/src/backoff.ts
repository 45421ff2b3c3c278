import { setTimeout } from 'node:timers/promises'

/** ms: the first pause after an error that a repetition may heal, doubled up to the cap. */
const FIRST = 100
const CAP = 5_000

/** Pauses that grow; in real time, even where a test moves the clock: what they wait for is real. */
export class Backoff {
  /** The next pause. */
  ms = FIRST

  constructor(private readonly signal: AbortSignal) {}

  reset(): void {
    this.ms = FIRST
  }

  /** Ends early when the signal is given. */
  async wait(): Promise<void> {
    const { ms } = this
    this.ms = Math.min(ms * 2, CAP)
    await setTimeout(ms, undefined, { signal: this.signal }).catch(() => undefined)
  }
}
