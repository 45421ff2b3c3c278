import type { ObjectId } from '@quorate/contracts'
import { faultOf } from '@quorate/streams'

/** Rows of one object that cannot be read; all others can. */
export class UnreadableObject extends Error {
  override readonly name = 'UnreadableObject'

  constructor(
    readonly object: ObjectId,
    cause: unknown,
  ) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

/** Runs what reads rows of an object. An error of the store or the disk stays as it is. @throws UnreadableObject where a row makes no sense */
export function readingRows<T>(object: ObjectId, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw faultOf(error) === error ? error : new UnreadableObject(object, error)
  }
}
