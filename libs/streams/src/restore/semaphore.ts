/** At most `places` at once; the others wait in order. */
export class Semaphore {
  private readonly queue: (() => void)[] = []
  private free: number

  constructor(places: number) {
    this.free = places
  }

  /** Who is aborted while it waits leaves the queue, and `work` is not begun: rejects with the signal's reason. */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted()
    if (this.free > 0) this.free--
    else await this.turn(signal)
    try {
      return await work()
    } finally {
      const next = this.queue.shift()
      // The place goes on to the next one as it is.
      if (next) next()
      else this.free++
    }
  }

  private turn(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.queue.splice(this.queue.indexOf(come), 1)
        reject(signal?.reason as Error)
      }
      const come = (): void => {
        signal?.removeEventListener('abort', leave)
        resolve()
      }
      this.queue.push(come)
      signal?.addEventListener('abort', leave, { once: true })
    })
  }
}
