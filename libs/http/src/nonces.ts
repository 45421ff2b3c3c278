/** Nonces of one generation; of two generations at most is known at once. */
const MAX_NONCES = 50_000

/**
 * The nonces that were taken in the last `ms`, and up to twice that: each is new once. Bounded: where more come in that
 * time, which only peers can send, the oldest are forgotten early.
 */
export class Nonces {
  #recent = new Set<string>()
  #before = new Set<string>()
  #since = performance.now()

  constructor(
    private readonly ms: number,
    private readonly most = MAX_NONCES,
  ) {}

  isNew(nonce: string, now = performance.now()): boolean {
    if (now - this.#since >= this.ms || this.#recent.size >= this.most) {
      // Where nothing came for so long, what is recent is old as well.
      this.#before = now - this.#since >= 2 * this.ms ? new Set() : this.#recent
      this.#recent = new Set()
      this.#since = now
    }
    if (this.#recent.has(nonce) || this.#before.has(nonce)) return false
    this.#recent.add(nonce)
    return true
  }
}
