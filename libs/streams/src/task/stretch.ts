import type { LogBatch, LogRecord, Offset } from '@quorate/log'
import type { TaskBatch } from '../context'

/** Records to take, and what they were read as: a batch, or several where they come again. */
export interface Stretch extends TaskBatch {
  readonly reads: readonly LogBatch[]
}

/** The records of a commit as they were taken together. */
export interface Tried {
  readonly reads: LogBatch[]
  readonly chunks: (readonly LogRecord[])[]
  next: Offset
  end: Offset
}

/** Leadership in which the record before an offset of this batch was written; undefined: it is not in the batch. */
function epochAt(offset: Offset, { records, next, epoch, recordsEpoch }: LogBatch): number | undefined {
  if (offset === next) return epoch
  return records.length > 0 && offset > records[0]!.offset ? recordsEpoch : undefined
}

/** The same of records that came in several batches. */
export function epochOf(offset: Offset, reads: readonly LogBatch[]): number | undefined {
  for (let i = reads.length - 1; i >= 0; i--) {
    const epoch = epochAt(offset, reads[i]!)
    if (epoch !== undefined) return epoch
  }
  return undefined
}

/** The batches that are still needed once all before an offset is committed: the last at least. */
export const behind = (reads: readonly LogBatch[], position: Offset): readonly LogBatch[] =>
  reads.filter(({ next }, i) => next > position || i === reads.length - 1)
