import type { LogRecord, Offset } from '@quorate/log'
import { setTimeout } from 'node:timers/promises'
import { namesOf, type RecordFault, type Refusal } from '../record-fault'

/** Times that a record must have failed alone, and ms before each but the first of them. */
const TRIES = 3
const PAUSES = [0, 10, 50]

/**
 * Finds the record for which a batch fails. What was staged is dropped and the records come again from the committed
 * position, in ever smaller batches: those before the one at fault are committed on the way, and it fails alone. One to
 * a task, kept when the task fences again.
 */
export class Isolation {
  /** Behind the records among which the fault is; undefined: nothing is wrong. */
  private end: Offset | undefined
  /** The current record when they failed. */
  private hint: Offset | undefined
  /** Offsets that operators leave out and whose content cannot be committed, not even as a dead letter. */
  readonly unreadable = new Set<Offset>()
  private alone: { readonly record: LogRecord; tries: number; readonly error: unknown; level: number } | undefined

  get active(): boolean {
    return this.end !== undefined
  }

  /** How many of these may be taken together; all that are there, or fewer. */
  limit(records: readonly LogRecord[]): number {
    const { end, hint } = this
    if (end === undefined) return records.length
    const first = records[0]!.offset
    if (first >= end) {
      this.clear()
      return records.length
    }
    if (first === hint) return 1
    const bound = hint !== undefined && hint > first ? hint : end
    const count = records.findIndex(({ offset }) => offset >= bound)
    const suspects = count < 0 ? records.length : count
    return bound === hint ? suspects : Math.ceil(suspects / 2)
  }

  /** These were tried together, and failed. */
  failed(tried: readonly LogRecord[], { cause, at }: RecordFault): void {
    const first = tried[0]!
    this.end = tried.at(-1)!.offset + 1
    this.hint = at !== undefined && at >= first.offset && at < this.end ? at : undefined
    if (tried.length > 1) this.alone = undefined
    else if (this.alone?.record.offset === first.offset) this.alone.tries++
    else this.alone = { record: first, tries: 1, error: cause, level: 0 }
  }

  /** Waits before a record is tried alone once more. */
  async pause(record: LogRecord, signal: AbortSignal): Promise<void> {
    if (this.alone?.record.offset !== record.offset) return
    const ms = PAUSES[this.alone.tries] ?? 0
    if (ms > 0) await setTimeout(ms, undefined, { signal }).catch(() => undefined)
  }

  /** The refusal of the record, once it has failed alone often enough. */
  refusal(record: LogRecord): (Refusal & { readonly error: unknown }) | undefined {
    const { alone } = this
    if (alone === undefined || alone.record.offset !== record.offset || alone.tries < TRIES) return undefined
    return { record, ...namesOf(alone.error), level: Math.min(alone.level, 2) as Refusal['level'], error: alone.error }
  }

  /** The refusal failed, too: less is tried. False: nothing is left to try. */
  refusalFailed(): boolean {
    return this.alone !== undefined && ++this.alone.level <= 2
  }

  /** All before `position` is committed. */
  reached(position: Offset): void {
    if (this.end !== undefined && position >= this.end) this.clear()
  }

  clear(): void {
    this.end = this.hint = this.alone = undefined
  }
}
