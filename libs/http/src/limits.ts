import { LIMITS } from '@quorate/contracts'

/** Sizes and times of the HTTP edge, one table. */
export const HTTP_LIMITS = {
  /** Bytes of a body that is read whole (rest.md). */
  body: LIMITS.bodyBytes,
  /** Characters of one path segment, percent-encoded: an object id of 512 bytes takes 1,536. */
  segment: 2048,
  /**
   * Requests of clients that are answered at once, three quarters of them writes or waiting for a position at most;
   * more get 429, and so does a caller who holds its share (slots.ts). Health is not counted.
   */
  own: 1024,
  /**
   * Requests forwarded by other instances that are answered at once: counted apart, so that fan-out cannot starve
   * itself.
   */
  forwarded: 1024,
  /** Lists of clients that are answered at once, of the `own` above: each asks every other instance. */
  lists: 256,
  /** Open streams (SSE) of this instance. */
  streams: 64,
  /** ms to send all headers. */
  headersMs: 10_000,
  /** ms to send a whole request; bulk bodies are streamed, hence so long. */
  requestMs: 300_000,
  /** ms that an idle connection is kept. */
  keepAliveMs: 72_000,
  /** ms that a shutdown waits for requests in hand. */
  drainMs: 5_000,
} as const

export interface EdgeTimes {
  /** ms between two chunks of a body. */
  readonly bodyIdleMs: number
  /** ms without progress after which an answer that its reader does not read is given up. */
  readonly stalledMs: number
}
export const EDGE_TIMES: EdgeTimes = { bodyIdleMs: 15_000, stalledMs: 30_000 }
