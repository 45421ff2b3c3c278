import type { Offset, OutRecord, Position } from '@quorate/log'
import type { TableReader } from '@quorate/state-store'
import type { TaskContext } from './context'

/** Drawn in task.ts. */
export type TaskState = 'created' | 'restoring' | 'running' | 'closed'

/** One partition's task as the rest of the process sees it. */
export interface RunningTask {
  readonly partition: number
  readonly state: TaskState
  /** Next source offset to be applied: everything below is in `table`. */
  readonly position: Offset
  /** Records between position and the source's stable end, as last seen. */
  readonly lag: number
  /** Largest append time applied, ms: the as-of time of every answer. 0 before the first. */
  readonly time: number
  readonly restore: { readonly restored: number; readonly total: number }
  /** Committed rows. Throws when the task is not running. */
  table(name: string): TableReader
  /** Resolves when `offset` has been applied (position > offset); rejects with STREAMS_TIMEOUT, or STREAMS_TASK_CLOSED when the task closes. */
  reached(offset: Offset, timeoutMs: number): Promise<void>
  /**
   * Runs `work` as a batch of its own and resolves with its answer once that is committed. For state that changes by other things
   * than source records (the courier's outcomes). Rejects, with nothing changed, when the task closes or loses its fence.
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
  /** The task of a partition if it is assigned here. */
  task(partition: number): RunningTask | undefined
  tasks(): readonly RunningTask[]
  owner(partition: number): Owner | undefined
  status(): StreamsStatus
  /** True when every assigned partition is restored and the group has been joined. */
  readonly ready: boolean
  /** True while progress is made: lag falls or is 0, no task has failed for good. */
  readonly live: boolean
  /** Appends to the source topic; records need key (or explicit partition), value, headers. */
  append(records: readonly SourceRecord[]): Promise<Position[]>
  /** Appends one record to every source partition in one transaction; only in the owner of partition 0 (else STREAMS_NOT_OWNER). Positions in order of partitions. */
  broadcast(record: Omit<OutRecord, 'topic' | 'partition'>): Promise<Position[]>
  /** `listener` is called after each assignment and each change of a task's state. Returns the way to stop. */
  onChange(listener: () => void): () => void
  start(): Promise<void>
  stop(): Promise<void>
}

/** A record for the source topic; its partition is murmur2 of the key unless given. */
export type SourceRecord = Omit<OutRecord, 'topic' | 'partition'> & { readonly partition?: number }
