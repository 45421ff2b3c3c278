import { LogError, type OutRecord, type Position } from '../src'
import { type AppendContext, AppendLine } from './append-line'
import { byPartition, type PartitionRecords } from './outgoing'

/**
 * Appends outside transactions: idempotent, in order per partition, gathering whatever waits while a round is in
 * flight.
 */
export class Appender {
  private readonly lines = new Map<string, AppendLine>()
  private readonly closing = new AbortController()
  private readonly context: AppendContext

  constructor(context: Omit<AppendContext, 'closing'>) {
    this.context = { ...context, closing: this.closing.signal }
  }

  async append(records: readonly OutRecord[]): Promise<Position[]> {
    const positions = new Array<Position>(records.length)
    const written = byPartition(records).map(async (group) => {
      const { topic, partition } = group
      const offsets = await this.line(group).append(group)
      group.places.forEach((place, i) => (positions[place] = { topic, partition, offset: offsets[i]! }))
    })
    const results = await Promise.allSettled(written)
    const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as LogError] : []))
    if (failures.length > 0) throw together(failures, results.length)
    return positions
  }

  async close(): Promise<void> {
    this.closing.abort()
    for (const line of this.lines.values()) line.close()
    await this.context.connections.close()
  }

  private line({ topic, partition }: PartitionRecords): AppendLine {
    const name = `${topic}/${partition}`
    let line = this.lines.get(name)
    if (!line) this.lines.set(name, (line = new AppendLine(topic, partition, this.context)))
    return line
  }
}

/** What is true of them all: where some partitions have their records, it is not so that nothing was appended. */
function together(failures: readonly LogError[], partitions: number): LogError {
  const unknown = failures.find((failure) => LogError.is(failure, 'LOG_OUTCOME_UNKNOWN'))
  if (unknown || failures.length === partitions) return unknown ?? failures[0]!
  const detail = `${partitions - failures.length} of ${partitions} partitions have their records, the others do not`
  return new LogError('LOG_OUTCOME_UNKNOWN', detail, { cause: failures[0] })
}
