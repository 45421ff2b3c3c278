import { VoteObject } from '@quorate/vote'

/** An object with what the store knows of it: whether it changed since it was encoded, and the bytes it was encoded to. */
export class HotObject extends VoteObject {
  /** Pages of reports in the store beside the first; −1: the store has nothing of this object yet. */
  storedPages = -1
  /** How many reports the object's row says there are. */
  storedRows = 0
  /** Whether it changed since it was encoded, and whether anything but reports did. */
  dirty = false
  headChanged = true
  /** The bytes of all but its reports, as they were last encoded, among others. */
  head: Buffer | null = null
  headStart = 0
  headEnd = 0
  /** Whether it was asked for again while it was decoded. */
  again = false
  /** Bytes of memory that it is counted with. */
  memory = 0
}
