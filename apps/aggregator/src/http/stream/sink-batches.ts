import { type Log, type LogBatch, LogError, type Offset } from '@quorate/log'

export interface SinkRange {
  readonly partition: number
  /** Of the sink: they share what is read ahead. */
  readonly partitions: number
  readonly from: Offset
  /** Where to end; for ever by default. */
  readonly until?: Offset
}

/** Bytes read ahead for a subscriber, all partitions together: what one holds that does not read. */
const READ_AHEAD = 1024 * 1024
const MOST_A_PARTITION = 128 * 1024
/** ms after which a batch is given although it is empty: the position may have moved nevertheless. */
const AT_LATEST = 5_000

/** The sink's batches in a range of a partition, until `signal`. */
export async function* sinkBatches(
  log: Log,
  topic: string,
  { partition, partitions, from, until = Infinity }: SinkRange,
  signal: AbortSignal,
): AsyncGenerator<LogBatch> {
  if (from >= until || signal.aborted) return
  const reader = log.reader({
    topic,
    partition,
    from,
    maxBytes: Math.min(MOST_A_PARTITION, Math.ceil(READ_AHEAD / partitions)),
  })
  const close = () => reader.close()
  signal.addEventListener('abort', close, { once: true })
  try {
    while (reader.position < until && !signal.aborted) yield await reader.next(AT_LATEST)
  } catch (error) {
    if (!signal.aborted || !LogError.is(error, 'LOG_CLOSED')) throw error
  } finally {
    signal.removeEventListener('abort', close)
    close()
  }
}
