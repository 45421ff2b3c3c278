import { HTTP_LIMITS, Slots, Problem } from '@quorate/http'
import type { StatesStream } from './states-stream'

/**
 * The streams that are open here: counted, and ended when the instance shuts down, so that their subscribers go
 * elsewhere at once.
 */
export class OpenStreams {
  readonly #slots = new Slots(HTTP_LIMITS.streams)
  readonly #endings = new Set<{ end?: () => void }>()

  constructor(readonly source: StatesStream) {}

  get count(): number {
    return this.#endings.size
  }

  /** @throws Problem 429 when all are open, or too many of this caller */
  open(caller: string, gone: AbortSignal): { onShutdown(end: () => void): void; done(): void } {
    if (!this.#slots.hasFor(caller))
      throw new Problem(
        'too-many-requests',
        `This instance has ${this.#slots.heldBy(caller)} streams of yours open, and ${this.#endings.size} of at most ${this.#slots.most} in all. Ask another instance, or close some.`,
        { retryAfter: 10 },
      )
    const entry: { end?: () => void } = {}
    const done = () => {
      if (this.#endings.delete(entry)) this.#slots.release(caller)
    }
    this.#slots.take(caller)
    this.#endings.add(entry)
    gone.addEventListener('abort', done, { once: true })
    return { onShutdown: (end) => (entry.end = end), done }
  }

  /** Nest's hook: before connections are waited for. */
  beforeApplicationShutdown(): void {
    for (const { end } of this.#endings) end?.()
  }
}
