import type { Change, ObjectId } from '@quorate/contracts'
import type { TaskContext } from '@quorate/streams'
import type { Holds, Rules } from '@quorate/vote'
import type { RuleFaults } from '../rule-faults'

export interface PartitionStateOptions {
  readonly rules: Rules
  readonly incarnationBase: number
  /** Approximate bytes of memory for objects cached between batches. */
  readonly hotBytes: number
  /** Number of changed objects that are collected before they are encoded. */
  readonly dirtyObjects: number
  readonly emit: (change: Change, context: TaskContext) => void
  readonly ruleFaults?: RuleFaults | undefined
  /**
   * Called for each object before it is processed, so that a rule that does not return can be reported with its object.
   */
  readonly onObject?: ((partition: number, id: ObjectId) => void) | undefined
  /** Survives dropped batches. */
  readonly holds?: Holds | undefined
}
