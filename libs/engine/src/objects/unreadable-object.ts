import type { ObjectId } from '@quorate/contracts'
import { faultOf } from '@quorate/streams'

/** The rows of one object cannot be read; all others can. */
export class UnreadableObject extends Error {
  override readonly name = 'UnreadableObject'

  constructor(
    readonly object: ObjectId,
    cause: unknown,
  ) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

/**
 * Runs a function that reads rows of an object. Errors of the store or the disk pass through.
 * @throws UnreadableObject if a row is invalid
 */
export function readingRows<T>(object: ObjectId, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw faultOf(error) === error ? error : new UnreadableObject(object, error)
  }
}
