import { Problem } from '@quorate/http'
import type { SnapshotOf } from '../http/stream/states-stream'
import type { Listing } from './listing'

/** Objects a page, and ms that each partition may take to come up to the bound. */
const PAGE = 1_000
const PATIENCE = 15_000

/** Every object of interest, page by page: complete, or it ends with the problem that keeps a partition from answering. */
export const snapshots = (listing: Listing): SnapshotOf =>
  async function* (interest, bound, request, signal) {
    let after: string | undefined
    do {
      const page = await listing.page({ ...interest, after, limit: PAGE, bound, waitMs: PATIENCE }, request)
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
