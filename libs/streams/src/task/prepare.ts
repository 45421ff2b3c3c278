import type { Log, LogRecord, Offset } from '@quorate/log'
import type { PartitionStore } from '@quorate/state-store'
import type { Conditions } from '../conditions'
import type { Processor } from '../context'
import { READ_AHEAD } from '../restore/restore'
import type { SourceFound } from './task-start'
import type { TaskProgress } from '../progress/task-progress'
import type { Topology } from '../topology'
import { unlessAborted } from '../unless-aborted'

export interface PrepareOptions {
  readonly log: Log
  readonly topology: Topology
  readonly processor: Processor
  readonly conditions: Conditions
  readonly progress: TaskProgress
  readonly partition: number
  readonly partitions: number
  readonly store: PartitionStore
  readonly found: SourceFound
  readonly signal: AbortSignal
}

/**
 * Lets the processor look at a restored task before its first batch. Where nothing was applied, or the source is
 * another log, there is nothing to look at.
 */
export async function prepare(options: PrepareOptions): Promise<void> {
  const { processor, partition, partitions, store, found, conditions, signal } = options
  const applied = store.checkpoint?.source
  if (processor.prepare === undefined || applied === undefined || found.isOther) return
  await processor.prepare({
    partition,
    partitions,
    table: (name) => store.committed(name),
    source: { start: found.start, applied },
    records: (from) => recordsOf(options, from, applied),
    conditions: conditions.of(partition),
    signal,
  })
}

async function* recordsOf(
  { log, topology, partition, progress, signal }: PrepareOptions,
  from: Offset,
  end: Offset,
): AsyncIterable<readonly LogRecord[]> {
  const reader = log.reader({ topic: topology.source, partition, from, maxBytes: READ_AHEAD })
  try {
    while (reader.position < end) {
      const { records } = await unlessAborted(reader.next(), signal)
      // Reading is progress: a long source is no stall.
      progress.preparing()
      yield records.filter(({ offset }) => offset < end)
    }
  } finally {
    reader.close()
  }
}
