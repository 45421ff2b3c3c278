import type { Log, Logger } from '@quorate/log'
import type { PartitionStores } from '@quorate/state-store'
import type { BatchLimits } from '../batch-context'
import type { Clock } from '../clock'
import type { CommitStep } from '../task/commit'
import type { Processor } from '../context'
import type { BatchHandler } from '../task/work-options'
import type { Topology } from '../topology'

/** What a process does beside the log with what its tasks hold. */
export interface OwnWork {
  /**
   * Ends what is in flight and begins nothing more, while the tasks are still here: partitions may go to another
   * instance.
   */
  pause(): Promise<void>
  /** The tasks that are here now stay. */
  resume(): void
}

export interface StreamsOptions {
  readonly topology: Topology
  readonly log: Log
  readonly processor: Processor
  /** Receives the batches; the processor itself by default. */
  readonly handle?: BatchHandler
  /** Stores lie in `<dataDir>/<application id>/<partition>.db`; `:memory:` keeps them in memory, for tests. */
  readonly dataDir: string
  /** SQLite files by default. */
  readonly stores?: PartitionStores
  /** Where other instances reach this one. */
  readonly url: string
  readonly version: string
  readonly logger: Logger
  readonly replication?: number
  /** Copies of each partition kept up in other instances; 1 by default. */
  readonly standbys?: number
  /**
   * Ids of topics, separated by commas, with which an operator lets partitions go on though they are other logs than
   * were applied.
   */
  readonly acknowledgedSource?: string | undefined
  /** ms between two verifications of the topics while running; 3 minutes by default. */
  readonly verifyTopicsMs?: number
  readonly limits?: Partial<BatchLimits>
  readonly sessionTimeoutMs?: number
  readonly heartbeatMs?: number
  /** ms without progress, while there is something to do, until `live` is false; 60,000 by default. */
  readonly stalledMs?: number
  /** Wall time and timers; the system's by default. */
  readonly clock?: Clock
  /** What goes on beside the log with what the tasks hold; ended before a rebalance may take tasks away. */
  readonly work?: OwnWork
  /** Told at each step of each commit; what it throws kills the task as a crash would. */
  readonly observe?: (step: CommitStep, partition: number) => void
}
