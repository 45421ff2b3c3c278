import type { Streams } from '@quorate/streams'
import { Declaring, type DeclaringOptions } from './declaring'
import { Reappending } from './reappending'

/**
 * What the settings need beside requests: the file's entries put in force, and all of them kept within the source's
 * retention.
 */
export class Upkeep {
  readonly #streams: Streams
  readonly #reappending: Reappending
  readonly #unsubscribe: () => void

  constructor(options: DeclaringOptions) {
    this.#streams = options.streams
    this.#reappending = new Reappending(options)
    const declaring = new Declaring(options)
    this.#unsubscribe = this.#streams.onChange(declaring.look)
    this.#reappending.start()
  }

  async close(): Promise<void> {
    this.#unsubscribe()
    await this.#reappending.stop()
  }
}
