import type { Streams } from '@quorate/streams'

/** ms between two checks. */
const CHECK_EVERY_MS = 500

/**
 * The time for which the group lets this instance count on what it owns; every heartbeat that is answered renews it.
 * While it has lapsed, another may have taken the partitions over. Checked all the time, so that an answer can tell for
 * how long it has.
 */
export class OwnershipLease {
  #heldAt = Date.now()
  #noticedAt: number | undefined

  constructor(private readonly streams: Streams) {
    setInterval(() => this.#check(), CHECK_EVERY_MS).unref()
  }

  /**
   * ms since it was last held, 0 while it is: by the wall clock, which goes on while a process or its machine sleeps.
   */
  get lapsedFor(): number {
    return this.#check() ? 0 : Math.max(1, Date.now() - this.#heldAt)
  }

  /** ms since the lapse was noticed: a process that was frozen notices when it runs again. */
  get noticedFor(): number {
    return this.#check() ? 0 : performance.now() - this.#noticedAt!
  }

  #check(): boolean {
    const isHeld = this.streams.sure
    if (isHeld) this.#heldAt = Date.now()
    this.#noticedAt = isHeld ? undefined : (this.#noticedAt ?? performance.now())
    return isHeld
  }
}
