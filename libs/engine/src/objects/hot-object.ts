import { VoteObject } from '@quorate/vote'

/** An object with its state in the store: whether it changed since it was encoded, and its encoded bytes. */
export class HotObject extends VoteObject {
  /** Pages of reports in the store, not counting the first; −1: the object is not stored yet. */
  storedPages = -1
  /** The number of reports in the object's stored row. */
  storedRows = 0
  /** Whether it changed since it was encoded, and whether anything but reports did. */
  dirty = false
  headChanged = true
  /** The encoded bytes of everything but its reports, inside a larger buffer. */
  head: Buffer | null = null
  headStart = 0
  headEnd = 0
  /** Whether it was requested again while it was decoded. */
  again = false
  /** The bytes of memory that it is accounted with. */
  memory = 0
}
