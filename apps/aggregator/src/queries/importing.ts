import { Problem } from '@quorate/http'
import type { RunningTask } from '@quorate/streams'
import { readReshard, TABLE } from '@quorate/engine/core'

/**
 * While a partition takes in the snapshot of a reshard, what is not there yet may come: nobody is told that it does not
 * exist. @throws Problem 503
 */
export function refuseImport(task: RunningTask): void {
  const left = readReshard(task.table(TABLE.settings))?.importing ?? 0
  // With nothing applied yet, what the first record says is not known.
  if (left > 0 || (task.position === 0 && task.lag > 0))
    throw new Problem(
      'restoring',
      `Partition ${task.partition} takes in a snapshot, ${left} records are left. Try again.`,
    )
}
