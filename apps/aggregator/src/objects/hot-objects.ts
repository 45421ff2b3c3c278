import type { ObjectId } from '@quorate/contracts'
import type { VoteObject } from '../vote'

/**
 * Decoded objects kept between batches, bounded by their rows. Two generations instead of a list in order of use: an object that is met
 * again moves to the young one, and when that is full the old one goes. Nothing goes while a batch is open: what is dirty is only here.
 */
export class HotObjects {
  #young = new Map<ObjectId, VoteObject>()
  #old = new Map<ObjectId, VoteObject>()
  #weight = 0
  readonly #most: number

  /** `most`: rows kept, of objects and reports together. */
  constructor(most: number) {
    this.#most = most
  }

  get(id: ObjectId): VoteObject | undefined {
    const object = this.#young.get(id)
    if (object !== undefined) return object
    const old = this.#old.get(id)
    if (old === undefined) return undefined
    this.#old.delete(id)
    this.set(old)
    return old
  }

  has(id: ObjectId): boolean {
    return this.#young.has(id) || this.#old.has(id)
  }

  set(object: VoteObject): void {
    this.#young.set(object.id, object)
    this.#weight += 1 + object.rows.length
  }

  delete(id: ObjectId): void {
    this.#young.delete(id)
    this.#old.delete(id)
  }

  /** Between batches: lets the older generation go once the younger is half of what may be kept. */
  trim(): void {
    if (this.#weight <= this.#most / 2) return
    this.#old = this.#young
    this.#young = new Map()
    this.#weight = 0
  }
}
