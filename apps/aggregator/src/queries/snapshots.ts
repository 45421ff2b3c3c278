import { type Call, Problem } from '@quorate/http'
import type { Filter, Listed, Listing } from './listing'

/** Which objects a subscriber wants to see. */
export type Interest = Pick<Filter, 'prefix' | 'state'>

/**
 * Every object of interest, at least as new as `bound` (offsets of the source by partition). Throws a Problem when a
 * partition cannot answer.
 */
export type SnapshotOf = (
  interest: Interest,
  bound: ReadonlyMap<number, number>,
  call: Call,
  signal: AbortSignal,
) => AsyncIterable<readonly Listed[]>

/** Objects a page. */
const PAGE_SIZE = 1_000
/** ms that each partition may take to come up to the bound. */
const BOUND_TIMEOUT_MS = 15_000

/**
 * Every object of interest, page by page: complete, or it ends with the problem that keeps a partition from answering.
 */
export const snapshots = (listing: Listing): SnapshotOf =>
  async function* (interest, bound, call, signal) {
    let after: string | undefined
    do {
      const page = await listing.page({ ...interest, after, limit: PAGE_SIZE, bound, waitMs: BOUND_TIMEOUT_MS }, call)
      const [lacking] = page.missing
      if (lacking)
        throw new Problem(
          lacking.reason,
          `Partition ${lacking.partition} cannot answer now (${lacking.reason}). Try again.`,
        )
      yield page.items
      after = page.more ? page.items.at(-1)!.id : undefined
    } while (after !== undefined && !signal.aborted)
  }
