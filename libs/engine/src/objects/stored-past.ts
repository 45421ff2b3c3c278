import type { Cause, Trigger } from '@quorate/contracts'
import type { HistoryEntry, Past, VoteObject } from '@quorate/vote'
import {
  beginRead,
  closeSize,
  openSize,
  readNumber,
  readWord,
  writeBytes,
  writeNumber,
  writePosition,
  writeWord,
} from './bytes'
import { readChange, readTrigger, writeChange, writeTrigger } from './change-row'

/**
 * The origin of an object's last record, kept encoded in the bytes of its row until it is read. The next record
 * overwrites most of it unread, and decoded it would take half of the cache. Read it before the object changes.
 */
export class StoredPast implements Past {
  readonly #object: VoteObject
  readonly #bytes: Buffer
  readonly #start: number
  readonly #end: number
  #read: Past | undefined

  constructor(object: VoteObject, bytes: Buffer, start: number, end: number) {
    this.#object = object
    this.#bytes = bytes
    this.#start = start
    this.#end = end
  }

  get cause(): Cause {
    return this.#decoded().cause
  }

  get trigger(): Trigger {
    return this.#decoded().trigger
  }

  get change(): HistoryEntry | null {
    return this.#decoded().change
  }

  /** Copies the bytes into the row that is being written. */
  copy(): void {
    writeBytes(this.#bytes, this.#start, this.#end)
  }

  #decoded(): Past {
    return (this.#read ??= this.#decode())
  }

  #decode(): Past {
    beginRead(this.#bytes, this.#start)
    const origin = { cause: readWord() as Cause, trigger: readTrigger() }
    const isChange = readNumber() === 1
    return { ...origin, change: isChange ? readChange(this.#object, origin) : null }
  }
}

/** Writes the past with a size prefix and returns its position. */
export function writePast(past: Past, object: VoteObject): { readonly start: number; readonly end: number } {
  const start = openSize()
  if (past instanceof StoredPast) past.copy()
  else {
    writeWord(past.cause)
    writeTrigger(past.trigger)
    writeNumber(past.change === null ? 0 : 1)
    if (past.change !== null) writeChange(past.change, object)
  }
  closeSize(start)
  return { start, end: writePosition() }
}
