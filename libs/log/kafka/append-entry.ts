import type { LogError } from '../src'
import type { PartitionRecords } from './outgoing'

/** One caller's records for one partition, until they are settled: appended, or not, or nobody knows. */
export class AppendEntry {
  settled = false
  private readonly timer: NodeJS.Timeout

  /** `onLate` is called when nothing has settled it within `timeoutMs`. */
  constructor(
    readonly group: PartitionRecords,
    timeoutMs: number,
    private readonly answer: { done: (offsets: readonly number[]) => void; fail: (error: LogError) => void },
    onLate: (entry: AppendEntry) => void,
  ) {
    this.timer = setTimeout(() => onLate(this), timeoutMs)
  }

  get count(): number {
    return this.group.records.length
  }

  done(offsets: readonly number[]): void {
    if (this.settle()) this.answer.done(offsets)
  }

  fail(error: LogError): void {
    if (this.settle()) this.answer.fail(error)
  }

  /** False when it was settled before. */
  private settle(): boolean {
    if (this.settled) return false
    clearTimeout(this.timer)
    return (this.settled = true)
  }
}
