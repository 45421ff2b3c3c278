/** Lets at most `places` run at once; the others wait for their turn, in the order they came. */
export class Turns {
  #running = 0
  readonly #waiting: (() => void)[] = []

  constructor(private readonly places: number) {}

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.places) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    else this.#running++
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      // The place goes on to the next one as it is.
      if (next) next()
      else this.#running--
    }
  }
}
