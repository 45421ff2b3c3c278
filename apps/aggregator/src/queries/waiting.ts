import { parseDuration } from '@quorate/contracts'
import { invalid, Problem } from '@quorate/http'
import type { RunningTask } from '@quorate/streams'
import type { Positions } from './positions'

/** ms that a read or a write waits when it does not say how long. */
export const DEFAULT_WAIT = 5_000
const MAX_WAIT = 60_000

/** `?wait=<n>s` (or another unit; `<n>` alone is in seconds) in ms; undefined when absent. @throws Problem 422 */
export function parseWait(wait: unknown): number | undefined {
  if (wait === undefined) return undefined
  const text = typeof wait === 'string' ? wait : ''
  const ms = parseDuration(/\d$/.test(text) ? `${text}s` : text)
  if (ms === undefined || ms > MAX_WAIT)
    throw invalid([{ pointer: '/query/wait', detail: `must be a time such as 5s, at most ${MAX_WAIT / 1000}s` }])
  return ms
}

/** What a read says of how new it must be, and how long it waits for that. */
export interface Bound {
  readonly bound?: Positions | undefined
  readonly waitMs?: number | undefined
}

/** ms that a read may take at its owner. */
export const waitOf = ({ bound, waitMs }: Bound): number => (bound ? (waitMs ?? DEFAULT_WAIT) : 0)

/** Resolves when the partition has applied what the caller has seen or written. @throws Problem 504 */
export async function upTo(task: RunningTask, bound: Positions | undefined, waitMs = DEFAULT_WAIT): Promise<void> {
  const offset = bound?.get(task.partition)
  if (offset === undefined || task.position > offset) return
  await task.reached(offset, waitMs).catch((error: unknown) => {
    if ((error as { code?: string }).code !== 'STREAMS_TIMEOUT') throw error
    throw new Problem(
      'position-timeout',
      `Partition ${task.partition} is at ${task.position - 1} and did not reach ${offset} in ${waitMs} ms. Nothing is lost: ask again, or wait longer (?wait=).`,
    )
  })
}
