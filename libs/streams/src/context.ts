import type { LogRecord, Offset, OutRecord } from '@quorate/log'
import type { Table, TableReader } from '@quorate/state-store'
import type { PartitionConditions } from './conditions'
import type { Skipped } from './instructions'
import type { Refusal } from './record-fault'

/** A logical output of the topology: `states`, `reports`, `dead-letters`; the topology maps it to a topic. */
export type OutputName = string

/** A record to forward; without a partition it goes to the task's own. */
export interface Forwarded extends Omit<OutRecord, 'topic' | 'partition'> {
  readonly partition?: number
}

/**
 * What a processor may touch while it handles a batch of its task: tables that see their own writes, outputs, and the
 * cut. All synchronous: nothing here waits, so nothing interleaves. What is staged here becomes durable together at the
 * commit, or not at all.
 */
export interface TaskContext {
  readonly partition: number
  /** Number of partitions of the source topic. */
  readonly partitions: number
  /** Source topic as it is named in the log. */
  readonly source: string
  table(name: string): Table
  /** A record of an output topic, written in the task's transaction. */
  forward(output: OutputName, record: Forwarded): void
  /**
   * True when the batch has staged enough, or has had the event loop long enough: stop here. May be asked after any
   * evaluation; the processor then returns the offset to resume at (the offset of the current record when it is not
   * finished, which will be applied again from its start). The batch may be sealed there.
   */
  readonly full: boolean
  /**
   * A slot for what the processor wants to keep between batches of this task (decoded hot objects); dropped when the
   * task closes or a commit fails.
   */
  cache: unknown
  /**
   * To name what is wrong with this partition until it is mended (health, metrics, log). Not staged: it holds at once,
   * also when the batch is dropped.
   */
  readonly conditions: PartitionConditions
}

/** Whole batch of one partition. */
export interface TaskBatch {
  readonly records: readonly LogRecord[]
  /** Offset after the batch (holes included). */
  readonly next: Offset
  /** The partition's stable end as last seen. */
  readonly end: Offset
}

/** A task whose rows are restored, and which nobody else writes, before its first batch. */
export interface Prepared {
  readonly partition: number
  /** Number of partitions of the source topic. */
  readonly partitions: number
  /** The rows as committed. */
  table(name: string): TableReader
  /** First offset that the source still holds, and the first that has not been applied. */
  readonly source: { readonly start: Offset; readonly applied: Offset }
  /** Records of the source from an offset on, as far as they have been applied. */
  records(from: Offset): AsyncIterable<readonly LogRecord[]>
  readonly conditions: PartitionConditions
  /** The task is being closed. */
  readonly signal: AbortSignal
}

export interface SourceChange {
  readonly before: Offset | undefined
  readonly from: Offset
  /** Wall time, ms. */
  readonly now: number
}

/** Handles one task's work; one instance serves all tasks of a process, state per task lives in the context. */
export interface Processor {
  /**
   * Reads what it needs of the source to judge the rows of a task, before its first batch. The task is restoring until
   * this resolves; what it throws is a failure of the task, which begins again.
   */
  prepare?(task: Prepared): Promise<void>
  /**
   * Applies the records in order, synchronously; returns the offset to resume at: `batch.next` when all were taken,
   * else the offset of the first record that is not (fully) applied. Bad input goes to the dead letters. What it throws
   * drops the batch, and the records come again in ever smaller batches until one has failed alone, which is refused
   * (`refuse`); a RecordFault names the current record.
   */
  process(batch: TaskBatch, context: TaskContext): Offset
  /**
   * A record that cannot be applied, alone neither: it is put among the dead letters with its error, and where `level`
   * is 0 it moves time on. False: cut before the end; it comes again. By default its dead letter is all that is left of
   * it.
   */
  refuse?(refusal: Refusal, context: TaskContext): boolean
  /**
   * The source is another log from now on, as an operator has acknowledged: offsets begin again at `from`. `before` was
   * applied of the other one; undefined where what was applied is not known any more, rows included. What is staged is
   * committed with the place.
   */
  sourceChanged?(change: SourceChange, context: TaskContext): void
  /**
   * Records that an operator leaves out: nothing is done with them but a dead letter. By default that has the record as
   * it is. What this throws leaves the record's content out.
   */
  skip?(skipped: Skipped, context: TaskContext): void
  /**
   * `punctuate` failed with this and nothing of it is staged. True: what was at fault has been put aside, so that the
   * next call is another.
   */
  punctuateFailed?(error: unknown, context: TaskContext): boolean
  /** Called before the seal: write dirty decoded objects into the tables. */
  flush?(context: TaskContext): void
  /**
   * The earliest time (ms) at which this task must be punctuated, computed afresh; undefined = not before the next
   * record.
   */
  nextDue?(context: TaskContext): number | undefined
  /**
   * Called at `nextDue`, as a punctuator of Kafka Streams. In log time it appends a tick to the source; in wall-clock
   * time it does the work.
   */
  punctuate?(now: number, context: TaskContext): void
  /**
   * Everything staged since the last call is committed and in the tables, and the position has moved. Called once for
   * each commit, whatever it was of (records, a punctuation, submitted work, a refusal, a skip), before the task does
   * anything else. Not called where the task is closing, is fenced, or did not learn the outcome: its successor finds
   * the rows. It stages nothing. What it throws undoes nothing: the task begins again from what is committed.
   */
  committed?(context: TaskContext): void
  /**
   * What was staged, if anything, and `cache` are dropped: the processor or the commit failed, or the task stops.
   * Whether the log has it after all is known once the task runs again, from its rows. It stages nothing.
   */
  dropped?(context: TaskContext): void
}
