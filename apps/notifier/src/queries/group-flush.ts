import type { RunningTask } from '@quorate/streams'
import { groupRow } from '../rows/rows'

/** When the first of the tasks of this instance tells a group, ms; undefined: none prepares a message of it. */
export function nextFlush(tasks: ReadonlySet<RunningTask>, key: string, now: number): number | undefined {
  let first: number | undefined
  for (const task of tasks) {
    if (task.state !== 'running') continue
    const bytes = task.table('groups').get(key)
    const flushAt = bytes && groupRow.decode(bytes).flushAt
    if (flushAt !== undefined && flushAt > now && (first === undefined || flushAt < first)) first = flushAt
  }
  return first
}
