import type { LogRecord, Offset } from '@quorate/log'
import type { BatchContext } from '../batch-context'
import type { InstructionBoard } from './instruction-board'
import { DEAD_LETTERS, forwardDeadLetter, LETTER } from './dead-letter'
import { lastOf, type Skip, type Skipped } from '../instructions'
import type { Program } from './refusing'

const NONE: readonly Skip[] = []

/** The records of one task's source that operators have left out, as far as they are still to come. */
export class Skips {
  constructor(
    private readonly board: InstructionBoard,
    private readonly partition: number,
    private readonly topicId: string,
  ) {}

  /** From a position on, in order; mostly none. */
  from(position: Offset): readonly Skip[] {
    const all = this.board.skipsOf(this.partition)
    return all.length === 0 ? NONE : all.filter((it) => it.topicId === this.topicId && lastOf(it) >= position)
  }

  /** The one that is to be left out now, unread. */
  unreadAt(position: Offset): Skip | undefined {
    return this.from(position).find(({ offset, through }) => through !== undefined && offset <= position)
  }

  passed(position: Offset): void {
    this.board.passed(this.partition, this.topicId, position)
  }
}

/** How many of these may be taken before the first that is left out. */
export function before(skips: readonly Skip[], records: readonly LogRecord[], most: number): number {
  if (skips.length === 0) return most
  for (let i = 0; i < most; i++) if (skipAt(skips, records[i]!.offset)) return i
  return most
}

export const skipAt = (skips: readonly Skip[], offset: Offset): Skip | undefined =>
  skips.find((it) => it.offset <= offset && offset <= lastOf(it))

/** Stages what is left of them. */
export function stageSkip(skipped: Skipped, context: BatchContext, { processor, topology }: Program): void {
  if (processor.skip !== undefined) return processor.skip(skipped, context)
  if (topology.outputs[DEAD_LETTERS] === undefined) return
  const { offset, last, record, reason, by } = skipped
  const through = last > offset ? { [LETTER.through]: String(last) } : {}
  const more = { [LETTER.kind]: 'skipped', [LETTER.by]: by, ...through }
  forwardDeadLetter(context, topology, { offset, reason: `skipped by ${by}: ${reason}`, record, more })
}
