import type { Offset, OutRecord, Position } from '@quorate/log'
import type { TableReader } from '@quorate/state-store'
import type { Conditions } from './conditions'
import type { TaskContext } from './context'

/** Drawn in task-life.ts. */
export type TaskState = 'created' | 'restoring' | 'running' | 'closed'

/**
 * An active task applies the source and decides; a standby follows the changelog, so that it can become active without
 * a restore.
 */
export type TaskRole = 'active' | 'standby'

/** One partition's task as the rest of the process sees it. */
export interface RunningTask {
  readonly partition: number
  readonly role: TaskRole
  /** A standby stays in `restoring`. */
  readonly state: TaskState
  /** `table` answers: an active task that runs; a standby that has reached the changelog's end once since it began. */
  readonly readable: boolean
  /**
   * Active, and the group surely still counts on it: judged at each reading by the clock that goes on while a process
   * is frozen, from the last heartbeat that was answered. False within a rebalance between the new generation and its
   * assignment. Always false for a standby. Whoever answers as owner reads first, lets the event loop turn once (what
   * had arrived before is handled then), and asks this last.
   */
  readonly owned: boolean
  /** Next source offset to be applied: everything below is in `table`. */
  readonly position: Offset
  /**
   * Records between position and the source's stable end, as last seen; a standby looks every second, and says Infinity
   * where it has heard of no end for 3 s: then it may be behind by any number.
   */
  readonly lag: number
  /** Next changelog offset to be applied: as long as it stands, so do the rows of `table`. */
  readonly changelogPosition: Offset
  /** Largest append time applied, ms: the as-of time of every answer. 0 before the first. */
  readonly time: number
  /** Times that it has failed and begun again in this process. */
  readonly restarts: number
  readonly restore: { readonly restored: number; readonly total: number }
  /**
   * Told by a reader what a read of `table` threw. True when it says that the local store is damaged: an active task
   * then rebuilds it, and answers nothing until that is done.
   */
  isDamage(error: unknown): boolean
  /** Committed rows. Throws STREAMS_NOT_RUNNING when the task is not `readable`. */
  table(name: string): TableReader
  /**
   * Resolves when `offset` has been applied (position > offset); rejects with STREAMS_TIMEOUT, or STREAMS_TASK_CLOSED
   * when the task closes.
   */
  reached(offset: Offset, timeoutMs: number): Promise<void>
  /**
   * Runs `work` as a batch of its own and resolves with its answer once that is committed. For state that changes by
   * other things than source records (the courier's outcomes). Rejects when the task closes or loses its fence: then
   * nothing has changed, unless its commit was in flight. It is never done twice: a task that did not hear what became
   * of a commit fences again and reads it in the changelog. Rejects with STREAMS_NOT_OWNER in a standby.
   */
  submit<T>(work: (context: TaskContext) => T): Promise<T>
}

/** Who owns a partition, as the group's last assignment says. */
export interface Owner {
  readonly memberId: string
  /** Advertised URL, e.g. `http://10.0.0.7:8080`. */
  readonly url: string
  readonly self: boolean
}

export interface StreamsStatus {
  readonly group: string
  readonly generation: number | undefined
  readonly memberId: string | undefined
  readonly partitions: readonly {
    readonly partition: number
    readonly owner: Owner | undefined
    /** Members that follow the partition, nearest first. */
    readonly standbys: readonly Owner[]
    readonly task: RunningTask | undefined
  }[]
  readonly members: readonly {
    readonly memberId: string
    readonly url: string
    readonly self: boolean
    readonly version: string
  }[]
}

/** A running stream application in this process: member of its group, one task per assigned partition. */
export interface Streams {
  /** Number of source partitions; known after `start`. */
  readonly partitions: number
  partitionOf(key: string): number
  /** The active task of a partition if it is assigned here. */
  task(partition: number): RunningTask | undefined
  /** The active tasks. */
  tasks(): readonly RunningTask[]
  /** The standby of a partition if there is one here; never beside its active task. */
  standby(partition: number): RunningTask | undefined
  standbys(): readonly RunningTask[]
  owner(partition: number): Owner | undefined
  /** Where the standbys of a partition are, as the group's last assignment says. */
  standbysOf(partition: number): readonly Owner[]
  status(): StreamsStatus
  /** The group surely counts on this member (see `RunningTask.owned`), also while nothing is assigned to it. */
  readonly sure: boolean
  /** What is wrong here, by name. Other parts of the process raise what they find, too. */
  readonly conditions: Conditions
  /** True when every assigned partition is restored, the group has been joined, and no condition blocks it. */
  readonly ready: boolean
  /** True while progress is made: lag falls or is 0, no task has failed for good, and no condition blocks it. */
  readonly live: boolean
  /**
   * An operator's word that a partition is to go on with its source as it is now, though that is another log than was
   * applied (STREAMS_SOURCE_REPLACED, STREAMS_SOURCE_TRUNCATED). False where the partition is not here, or does not
   * wait for it.
   */
  acknowledgeSource(partition: number): boolean
  /** Appends to the source topic; records need key (or explicit partition), value, headers. */
  append(records: readonly SourceRecord[]): Promise<Position[]>
  /**
   * Appends one record to every source partition in one transaction; only in the owner of partition 0 (else
   * STREAMS_NOT_OWNER). Positions in order of partitions.
   */
  broadcast(record: Omit<OutRecord, 'topic' | 'partition'>): Promise<Position[]>
  /** `listener` is called after each assignment and each change of a task's state. Returns the way to stop. */
  onChange(listener: () => void): () => void
  start(): Promise<void>
  stop(): Promise<void>
}

/** A record for the source topic; its partition is murmur2 of the key unless given. */
export type SourceRecord = Omit<OutRecord, 'topic' | 'partition'> & { readonly partition?: number }
