import type { StatesStream } from './states-stream'

/** The streams that are open here: counted, and ended when the instance shuts down, so that their subscribers go elsewhere at once. */
export class OpenStreams {
  readonly #endings = new Set<{ end?: () => void }>()

  constructor(readonly source: StatesStream) {}

  get count(): number {
    return this.#endings.size
  }

  open(gone: AbortSignal): { onShutdown(end: () => void): void; done(): void } {
    const entry: { end?: () => void } = {}
    const done = () => void this.#endings.delete(entry)
    this.#endings.add(entry)
    gone.addEventListener('abort', done, { once: true })
    return { onShutdown: (end) => (entry.end = end), done }
  }

  /** Nest's hook: before connections are waited for. */
  beforeApplicationShutdown(): void {
    for (const { end } of this.#endings) end?.()
  }
}
