import type { BatchContext } from '../batch-context'
import type { Processor } from '../context'
import { DEAD_LETTERS, forwardDeadLetter } from './dead-letter'
import type { Refusal } from '../record-fault'
import type { Topology } from '../topology'

export interface Refused extends Refusal {
  readonly error: unknown
}

export interface Program {
  readonly processor: Processor
  readonly topology: Topology
}

/** Whether a record can be put aside: the processor does it, or there are dead letters. */
export const mayRefuse = ({ processor, topology }: Program): boolean =>
  processor.refuse !== undefined || topology.outputs[DEAD_LETTERS] !== undefined

/** Stages what a refused record leaves behind. False: cut, it comes again. */
export function stageRefusal(refused: Refused, context: BatchContext, { processor, topology }: Program): boolean {
  const { record, code, message, level } = refused
  if (processor.refuse !== undefined) return processor.refuse({ record, code, message, level }, context)
  const { offset } = record
  forwardDeadLetter(context, topology, {
    offset,
    reason: `${code}: ${message}`,
    record: level < 2 ? record : undefined,
  })
  return true
}
