import type { Processor, TaskBatch, TaskContext } from '../src'

/** Keeps the last value of each key in the table `sums`; one without value goes. */
export class Last implements Processor {
  process(batch: TaskBatch, context: TaskContext): number {
    const table = context.table('sums')
    for (const { key, value } of batch.records)
      if (value === null || value.length === 0) table.delete(key!.toString())
      else table.put(key!.toString(), value)
    return batch.next
  }
}
