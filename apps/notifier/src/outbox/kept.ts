import type { TaskContext } from '@quorate/streams'
import type { Directions } from '../pipeline'
import { GroupBatches } from './group-batches'
import { History } from '../decisions/history'
import type { PlannedDelivery } from './planned'

/** What a task keeps in memory between batches; dropped with a batch that failed. */
export interface TaskCache {
  /** Planned by the batch in flight: the courier hears of it after the commit. */
  planned: PlannedDelivery[]
  behind: boolean
  /** The configuration that the task is in line with; undefined: it has just come here. */
  directions?: Directions
  /** Objects are being held against a changed routing; `after`: the last one that was. */
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

/** The history as the batch in hand sees it. */
export const historyOf = (context: Pick<TaskContext, 'cache'>): History => (cacheOf(context).history ??= new History())

/** The messages that the batch in hand is filling. */
export const groupBatchesOf = (context: Pick<TaskContext, 'cache'>): GroupBatches =>
  (cacheOf(context).groupBatches ??= new GroupBatches())
