import type { GroupMember, MemberIdentity, MemberOptions } from './member'
import type { LogRecord, Offset, OutRecord, Position } from './record'
import type { PartitionOffsets, TopicDescription, TopicSpec } from './topic'

/**
 * The log port: all that the rest of Quorate needs of a log. Two adapters implement it, `@quorate/log/kafka` and
 * `@quorate/log/embedded`; one suite (`log.conformance.ts`) describes both.
 *
 * What it leaves out: batching for throughput over latency (callers batch), automatic offset commits, partitioners
 * (see `partitionOf`), and consuming several topics in one group.
 *
 * Every promise rejects with a `LogError` whose `action` says what the caller should do next.
 */
export interface Log {
  readonly kind: 'kafka' | 'embedded'

  /**
   * Creates what is missing, with `replication` copies, and verifies what is there. Rejects with `LOG_TOPIC_MISMATCH`,
   * naming every mismatch and the command that mends it; nothing that exists is changed. Must fit: partitions, clean-up
   * policy, timestamp type, replication and record size at least so; retention and compaction lag are the operator's.
   * Safe from several processes at once.
   */
  ensureTopics(specs: readonly TopicSpec[], options?: { replication?: number }): Promise<void>

  /**
   * Each way in which a topic is not as it must be, with the command that mends it; also that it is not there. Changes
   * and creates nothing.
   */
  mismatches(spec: TopicSpec, options?: { replication?: number }): Promise<string[]>

  /** undefined when there is no such topic. */
  describeTopic(name: string): Promise<TopicDescription | undefined>

  /** First and stable end offsets of every partition. */
  offsets(topic: string): Promise<PartitionOffsets[]>

  /**
   * Appends outside any transaction and waits until all in-sync replicas have it. In order per partition; a retry
   * inside does not duplicate (idempotent producer). Answers in the order of `records`. Rejections: `LOG_UNAVAILABLE`
   * (nothing was appended), `LOG_OUTCOME_UNKNOWN` (perhaps appended, or some of it: a request was never answered, or
   * one partition has its records and another has not), `LOG_RECORD_TOO_LARGE`.
   */
  append(records: readonly OutRecord[]): Promise<Position[]>

  /** Reads one partition from an offset, without a group. The adapter reads ahead; `close` it when done. */
  reader(options: ReaderOptions): PartitionReader

  /**
   * Takes the fencing identity `id`: aborts whatever transaction its last holder left open, and every later call of
   * that holder fails with `LOG_FENCED`. When this resolves, everything the predecessor committed is readable, and
   * nothing more will come.
   */
  fence(id: string): Promise<Transactor>

  /** Joins a group. Resolves once the member has asked to join; `onAssignment` tells the rest. */
  join(options: MemberOptions): Promise<GroupMember>

  /**
   * From where on what was read up to `offset`, written in leadership `epoch`, has been replaced by other records or is
   * gone: an election among replicas that did not have it. undefined: it is all there, as far as the log can tell.
   */
  divergence(topic: string, partition: number, offset: Offset, epoch: number): Promise<Offset | undefined>

  /**
   * Committed offsets of a group for the partitions of a topic, waiting out open transactions (require_stable); absent
   * = none.
   */
  committed(group: string, topic: string, partitions: readonly number[]): Promise<Map<number, Offset>>

  close(): Promise<void>
}

export interface ReaderOptions {
  readonly topic: string
  readonly partition: number
  readonly from: Offset
  /** `LogBatch.topicId` of what was read before `from`: of another topic by that name nothing is read. */
  readonly topicId?: string | undefined
  /** `LogBatch.epoch` of what was read before `from`: where that has been replaced since, nothing more is read. */
  readonly epoch?: number | undefined
  /** Bytes read ahead at most for this partition; 1 MiB by default. A single larger record is still delivered. */
  readonly maxBytes?: number
}

/**
 * Reads committed records only, in offset order; markers, aborted records and compacted holes move `position` and are
 * not seen.
 */
export interface PartitionReader {
  /** Offset of the next record to be delivered, or past the last one. */
  readonly position: Offset
  /**
   * Resolves with all that is read ahead as soon as there is a record or the position moved over a hole; with an empty
   * batch after `maxWaitMs` (default 500). One call at a time. Rejects with `LOG_OFFSET_OUT_OF_RANGE` when `position`
   * is no longer (or not yet) in the log, with `LOG_TRUNCATED` and the offset from which it has been replaced when what
   * was read before `position` is no longer in the log, with `LOG_TOPIC_REPLACED` when the topic is another by the same
   * name, with `LOG_CLOSED` after `close`; retries by itself while the log is out of reach.
   */
  next(maxWaitMs?: number): Promise<LogBatch>
  close(): void
}

/** Consecutive committed records of one partition; `records` may be empty. */
export interface LogBatch {
  readonly topic: string
  readonly partition: number
  readonly records: readonly LogRecord[]
  /** The reader's position after this batch: where to resume. At least the last record's offset + 1. */
  readonly next: Offset
  /** The partition's stable end as last seen; `end - next` is the lag. */
  readonly end: Offset
  /** Of the topic that was read. */
  readonly topicId?: string | undefined
  /** In which leadership of the partition the log was written up to `next`; undefined where the log does not say. */
  readonly epoch?: number | undefined
  /** The same for any of `records`: all of a batch were written in one. */
  readonly recordsEpoch?: number | undefined
}

/** A fenced identity that commits all or nothing. One commit at a time. After any rejection it is dead: fence again. */
export interface Transactor {
  readonly id: string
  /**
   * Appends all records and commits the source offset, atomically. Rejections: `LOG_FENCED` (another took the id: close
   * the task), `LOG_STALE_MEMBER` (the group moved on: nothing was committed), `LOG_IDENTITY_EXPIRED` (the log has
   * forgotten the identity, which wrote nothing for long: nothing was committed), `LOG_OUTCOME_UNKNOWN` (perhaps
   * committed: fence again and read the truth), `LOG_RECORD_TOO_LARGE` (nothing committed), `LOG_UNAVAILABLE` (nothing
   * committed).
   */
  commit(transaction: Transaction): Promise<Appended[]>
  close(): Promise<void>
}

export interface Transaction {
  readonly records: readonly OutRecord[]
  readonly source?: SourceOffset
}

export interface SourceOffset {
  readonly group: string
  readonly topic: string
  readonly partition: number
  /** The next offset to read. */
  readonly offset: Offset
  /** The second fence: commits under an older generation are refused. */
  readonly member?: MemberIdentity
}

/**
 * What a commit wrote to one partition: the first and last offsets of its own records there (others' may lie between).
 */
export interface Appended {
  readonly topic: string
  readonly partition: number
  readonly first: Offset
  readonly last: Offset
}
