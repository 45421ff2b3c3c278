import { once } from 'node:events'
import type { Writable } from 'node:stream'

/** Characters collected before they are written. */
const CHUNK = 1 << 16

/** Collects lines into chunks. A caller that writes many waits for the reader in `flush`. */
export class Output {
  #pending = ''

  readonly #to: Writable

  constructor(to: Writable) {
    this.#to = to
  }

  readonly write = (text: string): void => {
    this.#pending += text
  }

  get full(): boolean {
    return this.#pending.length > CHUNK
  }

  /** Resolves when the reader can take more. */
  async flush(): Promise<void> {
    const text = this.#pending
    this.#pending = ''
    if (text !== '' && !this.#to.write(text)) await once(this.#to, 'drain')
  }
}
