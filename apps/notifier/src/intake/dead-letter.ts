import { deadLetterOf, skippedLetter as letterOf } from '@quorate/contracts'
import type { LogRecord } from '@quorate/log'
import type { Forwarded, Skipped, TaskContext } from '@quorate/streams'

/** The output of the topology for records that cannot be read. */
export const DEAD_LETTERS = 'dead-letters'

/** The original as far as it fits; headers say where it lay and why it is here (docs/spec/limits.md). */
export const deadLetter = (record: LogRecord, { source, partition }: TaskContext, reason: string): Forwarded =>
  deadLetterOf(record, { topic: source, partition, offset: record.offset }, reason)

/** Of what an operator leaves out. */
export const skippedLetter = (skipped: Skipped, { source, partition }: TaskContext): Forwarded =>
  letterOf(skipped, { topic: source, partition, offset: skipped.offset })
