import type { Log, Logger } from '@quorate/log'
import type { BatchLimits } from './batch-context'
import type { Clock } from './clock'
import type { CommitStep } from './commit'
import type { Processor } from './context'
import type { BatchHandler } from './task-work'
import type { Topology } from './topology'

export interface StreamsOptions {
  readonly topology: Topology
  readonly log: Log
  readonly processor: Processor
  /** Receives the batches; the processor itself by default. */
  readonly handle?: BatchHandler
  /** Stores lie in `<dataDir>/<application id>/<partition>.db`; `:memory:` keeps them in memory, for tests. */
  readonly dataDir: string
  /** Where other instances reach this one. */
  readonly url: string
  readonly version: string
  readonly logger: Logger
  readonly replication?: number
  /** Copies of each partition kept up in other instances; 1 by default. */
  readonly standbys?: number
  readonly limits?: Partial<BatchLimits>
  readonly sessionTimeoutMs?: number
  readonly heartbeatMs?: number
  /** ms without progress, while there is something to do, until `live` is false; 60,000 by default. */
  readonly stalledMs?: number
  /** Wall time and timers; the system's by default. */
  readonly clock?: Clock
  /** Told at each step of each commit; what it throws kills the task as a crash would. */
  readonly observe?: (step: CommitStep, partition: number) => void
}
