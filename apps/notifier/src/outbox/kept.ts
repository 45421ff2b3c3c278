import type { TaskContext } from '@quorate/streams'
import type { Directions } from '../pipeline'
import { Gatherings } from './group-batches'
import { History } from '../decisions/history'
import type { Planned } from './planned'

/** What a task keeps in memory between batches; dropped with a batch that failed. */
export interface Kept {
  /** Planned by the batch in flight: the courier hears of it after the commit. */
  planned: Planned[]
  behind: boolean
  /** The configuration that the task is in line with; undefined: it has just come here. */
  directions?: Directions
  /** Objects are being held against a changed routing; `after`: the last one that was. */
  realigning?: { readonly version: string; readonly after: string | undefined }
  /** When to look for what can be forgotten, ms. */
  sweepAt: number
  history?: History
  gatherings?: Gatherings
}

export function keptOf(context: Pick<TaskContext, 'cache'>): Kept {
  context.cache ??= { planned: [], behind: false, sweepAt: 0 } satisfies Kept
  return context.cache as Kept
}

/** The history as the batch in hand sees it. */
export const historyOf = (context: Pick<TaskContext, 'cache'>): History => (keptOf(context).history ??= new History())

/** The messages that the batch in hand is filling. */
export const gatheringsOf = (context: Pick<TaskContext, 'cache'>): Gatherings =>
  (keptOf(context).gatherings ??= new Gatherings())
