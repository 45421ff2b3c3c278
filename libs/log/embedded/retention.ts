import type { Offset } from '../src/record'
import type { Journal } from './journal'
import type { Partition, RunSpan } from './partition'

/** Freeing a run of 64 KiB walks its pages: this many hold the event loop for about 2 ms. */
const RUNS_PER_STEP = 32

/**
 * Forgets the runs at the beginning whose newest record is older than `retentionMs`, a few at a time. A run goes whole,
 * so that a record may stay a little longer than it must.
 */
export async function retain(
  partition: Partition,
  retentionMs: number,
  now: number,
  journal: Journal,
  stopped: () => boolean,
): Promise<void> {
  if (retentionMs < 0) return
  while (!stopped() && !partition.deleted) {
    const spans = partition.spans(partition.start, RUNS_PER_STEP)
    const young = spans.findIndex(({ timestamp, last }) => timestamp >= now - retentionMs || last >= partition.end)
    const old = young < 0 ? spans : spans.slice(0, young)
    if (old.length === 0) return
    await startAt(partition, old.at(-1)!.last + 1, old, journal)
  }
}

/** Forgets what lies before `offset`; a run that covers it stays whole on the disk. */
export async function truncate(partition: Partition, offset: Offset, journal: Journal): Promise<void> {
  const target = Math.min(offset, partition.end)
  while (partition.start < target && !partition.deleted) {
    const spans = partition.spans(partition.start, RUNS_PER_STEP).filter(({ last }) => last < target)
    const start = spans.length < RUNS_PER_STEP ? target : spans.at(-1)!.last + 1
    await startAt(partition, start, spans, journal)
  }
}

function startAt(partition: Partition, start: Offset, forgotten: readonly RunSpan[], journal: Journal): Promise<void> {
  return journal.write({
    writes: [],
    also: () => {
      if (partition.deleted) return
      for (const { base } of forgotten) partition.delete(base)
      partition.saveStart(start)
    },
    done: () => {
      partition.start = start
      partition.wake()
    },
  })
}
