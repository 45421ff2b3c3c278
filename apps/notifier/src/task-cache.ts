import type { TaskContext } from '@quorate/streams'
import type { Directions } from './pipeline'
import { GroupBatches } from './outbox/group-batches'
import { History } from './decisions/history'
import type { PlannedDelivery } from './rows/rows'

/** What a task keeps in memory between batches. It is dropped together with a batch that fails. */
export interface TaskCache {
  /** Planned by the batch in flight: handed to the courier after the commit. */
  planned: PlannedDelivery[]
  behind: boolean
  /** The configuration that the task is in line with; undefined: the task has just come here. */
  directions?: Directions
  /** Objects are being checked against a changed routing; `after`: the last one that was. */
  realigning?: { readonly version: string; readonly after: string | undefined }
  /** When to look for what can be forgotten, ms. */
  sweepAt: number
  history?: History
  groupBatches?: GroupBatches
}

export function cacheOf(context: Pick<TaskContext, 'cache'>): TaskCache {
  context.cache ??= { planned: [], behind: false, sweepAt: 0 } satisfies TaskCache
  return context.cache as TaskCache
}

/** The decisions as the current batch sees them. */
export const historyOf = (context: Pick<TaskContext, 'cache'>): History => (cacheOf(context).history ??= new History())

/** The messages of groups that the current batch is filling. */
export const groupBatchesOf = (context: Pick<TaskContext, 'cache'>): GroupBatches =>
  (cacheOf(context).groupBatches ??= new GroupBatches())
