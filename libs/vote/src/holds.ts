import type { ObjectId } from '@quorate/contracts'

/** The evaluation of an object at its deadline threw: the record that moved time on has nothing to do with it. */
export class DeadlineFault extends Error {
  override readonly name = 'DeadlineFault'
  constructor(
    readonly id: ObjectId,
    override readonly cause: unknown,
  ) {
    super(`the deadline of ${JSON.stringify(id)} cannot be evaluated: ${String(cause)}`)
  }
}

/** ms of the log's time until an object that cannot be evaluated is tried again. */
export const RETRY_AFTER = 60_000

/**
 * Objects that cannot be evaluated: their reports are kept and nothing is decided until the next try. In memory; after a restart the next
 * deadline finds them again.
 */
export class Holds {
  readonly #until = new Map<ObjectId, number>()

  get size(): number {
    return this.#until.size
  }

  /** Until when it is held; undefined: it is not. */
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
