import type { ServerResponse } from 'node:http'

export interface OutletTimes {
  /** ms that a subscriber may leave its buffer full. */
  readonly patience: number
  /** ms between comments. */
  readonly keepAlive: number
}
const TIMES: OutletTimes = { patience: 30_000, keepAlive: 15_000 }

/**
 * The connection to one subscriber. Writers take turns, and each waits until there is room: a subscriber that does not
 * read holds the buffer and one write beyond it, however many partitions have news. One that makes no room in time is
 * cut off, and can resume where it was.
 */
export class Outlet {
  readonly closed: AbortSignal
  #room: Promise<void> = Promise.resolve()
  #turn: Promise<void> = Promise.resolve()
  readonly #timer: NodeJS.Timeout

  /**
   * `position`: sent along with each comment, so that a subscriber that hears of nothing does not grow too old to
   * resume.
   */
  constructor(
    private readonly response: ServerResponse,
    position: () => string | undefined,
    private readonly times = TIMES,
  ) {
    const controller = new AbortController()
    this.closed = controller.signal
    this.#timer = setInterval(() => {
      const id = position()
      if (!response.writableNeedDrain)
        response.write(id === undefined ? ': still here\n\n' : `: still here\nid: ${id}\n\n`)
    }, times.keepAlive)
    const end = () => {
      clearInterval(this.#timer)
      controller.abort()
    }
    response.once('close', end)
    // Closed before we listened.
    if (response.destroyed) end()
    response.on('error', () => response.destroy())
  }

  /**
   * Writes what `text` returns, made when there is room and it is this writer's turn. Resolves then; nothing is made
   * once it is closed.
   */
  write(text: () => string): Promise<void> {
    const turn = this.#turn.then(async () => {
      await this.#room
      if (!this.closed.aborted) this.#write(text())
    })
    this.#turn = turn.catch(() => undefined)
    return turn
  }

  #write(text: string): void {
    if (text === '' || this.response.write(text)) return
    this.#room = new Promise((resolve) => {
      const impatience = setTimeout(() => this.response.destroy(), this.times.patience)
      const done = () => {
        clearTimeout(impatience)
        this.response.off('drain', done)
        this.closed.removeEventListener('abort', done)
        resolve()
      }
      this.response.once('drain', done)
      this.closed.addEventListener('abort', done, { once: true })
    })
  }

  end(): void {
    this.response.end()
  }
}
