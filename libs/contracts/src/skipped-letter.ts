import { DEAD_LETTER, type DeadLetterRecord, deadLetterOf, type Origin, type OriginalRecord } from './dead-letter'
import { cutText, LIMITS } from './limits'

/** What an operator left out. */
export interface SkippedOriginal {
  /** The last offset of it. */
  readonly last: number
  /** undefined: it was not read. */
  readonly record: OriginalRecord | undefined
  readonly reason: string
  readonly by: string
}

const NOTHING: OriginalRecord = { key: null, value: null, headers: [] }

/**
 * The dead letter of what an operator left out: of a stretch, or of a record that was not read, it tells the place
 * alone.
 */
export function skippedLetter({ last, record, reason, by }: SkippedOriginal, origin: Origin): DeadLetterRecord {
  const letter = deadLetterOf(record ?? NOTHING, origin, `skipped by ${by}: ${reason}`)
  return {
    ...letter,
    headers: [
      ...letter.headers,
      [DEAD_LETTER.kind, 'skipped'],
      [DEAD_LETTER.by, cutText(by, LIMITS.agentIdBytes)],
      ...(last > origin.offset ? [[DEAD_LETTER.through, String(last)] as const] : []),
      ...(record === undefined ? [[DEAD_LETTER.cut, 'key,value,headers'] as const] : []),
    ],
  }
}
