import { createHash, timingSafeEqual } from 'node:crypto'
import { inspect } from 'node:util'

const REDACTED = '[secret]'

/**
 * A value that never prints: not in logs, errors, JSON or inspection. Only `reveal` returns it, at the place that sends
 * or checks it.
 */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  reveal(): string {
    return this.#value
  }

  /** Compares in constant time; hashing first makes the lengths equal, so that not even the length can be probed. */
  equals(candidate: string): boolean {
    return timingSafeEqual(sha256(this.#value), sha256(candidate))
  }

  toString(): string {
    return REDACTED
  }

  toJSON(): string {
    return REDACTED
  }

  [inspect.custom](): string {
    return REDACTED
  }
}

const sha256 = (text: string) => createHash('sha256').update(text).digest()
