import type { Streams } from '@quorate/streams'

/** Requests that wait for the map at once; more are answered as things stand. */
const MAX_WAITERS = 256

/** Who owns what, as the group's last assignment says: its generation, and a wait for the next change. */
export class OwnershipMap {
  /** −1 while this instance is no member. */
  generation = -1
  /** Rises with every assignment and every change of a task. */
  version = 0
  #waiters = new Set<() => void>()

  constructor(streams: Streams, onChange: () => void = () => undefined) {
    streams.onChange(() => {
      this.generation = streams.status().generation ?? -1
      this.version++
      onChange()
      const waiting = this.#waiters
      this.#waiters = new Set()
      for (const wake of waiting) wake()
    })
  }

  /**
   * Resolves with true once `version` is another than `seen`; with `late` after `ms`; with false at once when too many
   * wait already.
   */
  changed(seen: number, ms: number, late = false): Promise<boolean> {
    if (this.version !== seen) return Promise.resolve(true)
    if (ms <= 0 || this.#waiters.size >= MAX_WAITERS) return Promise.resolve(false)
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        resolve(true)
      }
      const timer = setTimeout(() => {
        this.#waiters.delete(wake)
        resolve(late)
      }, ms)
      this.#waiters.add(wake)
    })
  }

  /** Resolves with true once the generation is at least this; with false when it is not after `ms`. */
  async reached(generation: number, ms: number): Promise<boolean> {
    const until = performance.now() + ms
    while (this.generation < generation)
      if (!(await this.changed(this.version, until - performance.now()))) return false
    return true
  }
}
