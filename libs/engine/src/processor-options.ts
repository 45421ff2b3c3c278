import type { ObjectId } from '@quorate/contracts'
import type { Logger } from '@quorate/log'
import type { Rules } from '@quorate/vote'
import type { Counters } from './counters'
import type { Outcomes } from './outcomes'
import type { RuleFaults } from './rule-faults'

export interface VoteProcessorOptions {
  /** `/<prefix>/<application id>`: the source of the events. */
  readonly source: string
  /** Rules registered in code. */
  readonly rules?: Rules
  readonly incarnationBase?: number
  /** Approximate bytes of memory for each partition's objects. */
  readonly hotBytes?: number
  /** Number of changed objects that are collected before they are encoded. */
  readonly dirtyObjects?: number
  readonly counters?: Counters
  readonly logger?: Logger
  readonly outcomes?: Outcomes
  readonly ruleFaults?: RuleFaults
  readonly onObject?: (partition: number, id: ObjectId) => void
}
