import type { ObjectId } from '@quorate/contracts'

/** The evaluation of an object at its deadline threw. The record that advanced stream time is not the cause. */
export class DeadlineFault extends Error {
  override readonly name = 'DeadlineFault'
  constructor(
    readonly id: ObjectId,
    override readonly cause: unknown,
  ) {
    super(`the deadline of ${JSON.stringify(id)} cannot be evaluated: ${String(cause)}`)
  }
}

/** ms of stream time until an object that cannot be evaluated is tried again. */
export const RETRY_AFTER = 60_000

/**
 * Objects that cannot be evaluated: their reports are stored, but nothing is decided until the next try. In memory:
 * after a restart the next deadline finds them again.
 */
export class Holds {
  readonly #until = new Map<ObjectId, number>()

  get size(): number {
    return this.#until.size
  }

  /** When the hold ends; undefined if the object is not held. */
  until(id: ObjectId): number | undefined {
    return this.#until.get(id)
  }

  hold(id: ObjectId, until: number): void {
    this.#until.set(id, until)
  }

  release(id: ObjectId): void {
    this.#until.delete(id)
  }
}
