import type { Offset } from '@quorate/log'
import { StreamsError } from '../errors'

interface Waiter {
  readonly offset: Offset
  readonly resolve: () => void
  readonly reject: (error: Error) => void
  readonly timer: NodeJS.Timeout
}

/** Those who wait for a source offset to be applied. */
export class PositionWaiters {
  private readonly waiting = new Set<Waiter>()

  /** Resolves at the first `advance` to a position above `offset`. */
  wait(offset: Offset, timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (how: () => void) => (): void => {
        clearTimeout(waiter.timer)
        this.waiting.delete(waiter)
        how()
      }
      const waiter: Waiter = {
        offset,
        resolve: settle(resolve),
        reject: (error) => settle(() => reject(error))(),
        timer: setTimeout(
          () => waiter.reject(new StreamsError('STREAMS_TIMEOUT', `offset ${offset} within ${timeoutMs} ms`)),
          timeoutMs,
        ),
      }
      this.waiting.add(waiter)
    })
  }

  advance(position: Offset): void {
    for (const waiter of this.waiting) if (position > waiter.offset) waiter.resolve()
  }

  close(error: Error): void {
    for (const waiter of this.waiting) waiter.reject(error)
  }
}
