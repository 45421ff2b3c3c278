import type { LogRecord, Offset } from '@quorate/log'
import type { BatchContext } from '../batch-context'
import type { Topology } from '../topology'

export const DEAD_LETTERS = 'dead-letters'

/**
 * Headers of a dead letter that is made here, where the processor makes none of its own. They are those of the
 * contracts.
 */
export const LETTER = {
  topic: 'quorate-topic',
  partition: 'quorate-partition',
  offset: 'quorate-offset',
  reason: 'quorate-reason',
  kind: 'quorate-kind',
  by: 'quorate-by',
  through: 'quorate-through',
} as const

export interface Letter {
  readonly offset: Offset
  readonly reason: string
  /** undefined: nothing of it is left but its place. */
  readonly record: Pick<LogRecord, 'key' | 'value' | 'headers'> | undefined
  readonly more?: Readonly<Record<string, string>>
}

/** Stages a record of the source as a dead letter, as it is, with what there is to say of it. */
export function forwardDeadLetter(context: BatchContext, { source }: Topology, letter: Letter): void {
  const { offset, reason, record, more = {} } = letter
  const { key, value, headers } = record ?? { key: null, value: null, headers: [] }
  const said = {
    [LETTER.topic]: source,
    [LETTER.partition]: String(context.partition),
    [LETTER.offset]: String(offset),
    [LETTER.reason]: reason,
    ...more,
  }
  context.forward(DEAD_LETTERS, { key, value, headers: [...headers, ...Object.entries(said)] })
}
