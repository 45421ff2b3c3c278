import type { TaskContext } from '@quorate/streams'
import type { Directions } from '../pipeline'
import { History } from './history'
import type { Planned } from './planned'

/** What a task keeps in memory between batches; dropped with a batch that failed. */
export interface Kept {
  /** Planned, but the courier has not been told: that may happen only after the commit. */
  planned: Planned[]
  behind: boolean
  /** The configuration that the task is in line with; undefined: it has just come here. */
  directions?: Directions
  /** When to look for what can be forgotten, ms. */
  sweepAt: number
  history?: History
}

export const keptOf = (context: Pick<TaskContext, 'cache'>): Kept =>
  (context.cache ??= { planned: [], behind: false, sweepAt: 0 } satisfies Kept) as Kept

/** The history as the batch in hand sees it. */
export const historyOf = (context: Pick<TaskContext, 'cache'>): History => (keptOf(context).history ??= new History())
