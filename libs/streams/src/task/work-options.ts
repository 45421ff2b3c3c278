import type { Log, Logger, MemberIdentity, Offset, Transactor } from '@quorate/log'
import type { PartitionStore } from '@quorate/state-store'
import type { BatchLimits } from '../batch-context'
import type { Bell } from './bell'
import type { Clock } from '../clock'
import type { CommitStep } from './commit'
import type { Conditions } from '../conditions'
import type { Processor, TaskBatch, TaskContext } from '../context'
import type { InstructionBoard } from '../faults/instruction-board'
import type { Isolation } from '../faults/isolation'
import type { Submissions } from './submissions'
import type { TaskProgress } from '../progress/task-progress'
import type { SourceFound } from './task-start'
import type { Topology } from '../topology'

/** Receives whole batches: the transport's strategy, or the processor itself. Returns the offset to resume at. */
export type BatchHandler = (batch: TaskBatch, context: TaskContext) => Offset | Promise<Offset>

export interface WorkOptions {
  readonly partition: number
  readonly partitions: number
  readonly topology: Topology
  readonly log: Log
  readonly processor: Processor
  readonly handle: BatchHandler
  readonly limits: BatchLimits
  readonly clock: Clock
  readonly conditions: Conditions
  readonly board: InstructionBoard
  readonly logger: Logger
  readonly identity: () => MemberIdentity | undefined
  readonly observe?: ((step: CommitStep, partition: number) => void) | undefined
}

/** What a task brings along: fenced, restored, and how far it is. */
export interface Opened {
  readonly store: PartitionStore
  readonly transactor: Transactor
  readonly progress: TaskProgress
  /** The source as it was found. */
  readonly source: Pick<SourceFound, 'topicId' | 'epoch' | 'isOther' | 'before'>
  readonly submissions: Submissions
  readonly isolation: Isolation
  readonly bell: Bell
  readonly signal: AbortSignal
  /** Given a while after `signal`: the commit in flight takes too long. */
  readonly abandoned: AbortSignal
}
