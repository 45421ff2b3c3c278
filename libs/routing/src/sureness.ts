import type { Streams } from '@quorate/streams'

/** ms between two looks. */
const EVERY = 500

/** Since when this instance has not been sure of what it owns. Looked at all the time, so that an answer can tell its age. */
export class Sureness {
  #sureAt = Date.now()
  #noticedAt: number | undefined

  constructor(private readonly streams: Streams) {
    setInterval(() => this.#look(), EVERY).unref()
  }

  /** ms since it surely owned what it has, 0 while it does: by the wall clock, which goes on while a process or its machine sleeps. */
  get age(): number {
    return this.#look() ? 0 : Math.max(1, Date.now() - this.#sureAt)
  }

  /** ms since the doubt was noticed: a process that was frozen notices when it runs again. */
  get noticedFor(): number {
    return this.#look() ? 0 : performance.now() - this.#noticedAt!
  }

  #look(): boolean {
    const isSure = this.streams.sure
    if (isSure) this.#sureAt = Date.now()
    this.#noticedAt = isSure ? undefined : (this.#noticedAt ?? performance.now())
    return isSure
  }
}
