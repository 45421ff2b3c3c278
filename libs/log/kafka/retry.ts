import { setTimeout as delay } from 'node:timers/promises'
import { LogError } from '../src'
import { isRetriable, NoAnswer, toLogError } from './protocol-errors'

const MAX_PAUSE_MS = 500

export interface Patience {
  readonly timeoutMs: number
  /** Ends the waiting with LOG_CLOSED. */
  readonly signal?: AbortSignal
  /** First pause between tries, doubled up to 500 ms; 20 by default. */
  readonly pauseMs?: number
  /** For refusals; while brokers are out of reach it is 500. */
  readonly maxPauseMs?: number
}

/** Tries until it works, fails for good or the patience is over; rejects with a LogError that says `what` was tried. */
export async function retrying<T>(what: string, patience: Patience, attempt: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + patience.timeoutMs
  for (let pause = patience.pauseMs ?? 20; ; pause *= 2) {
    if (patience.signal?.aborted) throw new LogError('LOG_CLOSED', what)
    try {
      return await attempt()
    } catch (error) {
      pause = Math.min(pause, error instanceof NoAnswer ? MAX_PAUSE_MS : (patience.maxPauseMs ?? MAX_PAUSE_MS))
      if (error instanceof LogError || !isRetriable(error) || performance.now() + pause > deadline)
        throw toLogError(error, what)
    }
    await delay(pause, undefined, patience.signal && { signal: patience.signal }).catch(() => {})
  }
}
