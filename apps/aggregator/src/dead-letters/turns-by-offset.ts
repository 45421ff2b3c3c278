/** Works on one offset one after the other, in the order they came; on different offsets at once. */
export class TurnsByOffset {
  readonly #last = new Map<number, Promise<unknown>>()

  run<T>(offset: number, work: () => Promise<T>): Promise<T> {
    const mine = (this.#last.get(offset) ?? Promise.resolve()).then(work)
    const ended = mine
      .catch(() => undefined)
      .finally(() => {
        if (this.#last.get(offset) === ended) this.#last.delete(offset)
      })
    this.#last.set(offset, ended)
    return mine
  }
}
