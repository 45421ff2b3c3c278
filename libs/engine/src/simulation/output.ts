import { once } from 'node:events'
import type { Writable } from 'node:stream'

/** Characters gathered before they are written. */
const CHUNK = 1 << 16

/** Gathers lines into chunks; whoever makes many waits for the reader in `room`. */
export class Output {
  #pending = ''

  constructor(private readonly to: Writable) {}

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
    if (text !== '' && !this.to.write(text)) await once(this.to, 'drain')
  }
}
