/** How long background work may hold the event loop at a time. */
const SLICE_MS = 3

/** A stretch of background work within one turn of the event loop. */
export class Slice {
  private readonly end = performance.now() + SLICE_MS

  get over(): boolean {
    return performance.now() >= this.end
  }
}

export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
