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
  #last: VoteObject | undefined
  readonly #most: number

  /** `most`: rows kept, of objects and reports together. */
  constructor(most: number) {
    this.#most = most
  }

  get(id: ObjectId): VoteObject | undefined {
    // Asked twice for every record: by its routing and by the fold.
    if (id === this.#last?.id) return this.#last
    return (this.#last = this.#young.get(id) ?? this.#again(id))
  }

  #again(id: ObjectId): VoteObject | undefined {
    const old = this.#old.get(id)
    if (old === undefined) return undefined
    this.#old.delete(id)
    this.set(old)
    return old
  }

  set(object: VoteObject): void {
    this.#young.set(object.id, object)
    this.#weight += 1 + object.rows.length
  }

  delete(id: ObjectId): void {
    this.#last = undefined
    this.#young.delete(id)
    this.#old.delete(id)
  }

  /** Between batches: lets the older generation go once the younger is half of what may be kept. */
  trim(): void {
    if (this.#weight <= this.#most / 2) return
    this.#old = this.#young
    this.#young = new Map()
    this.#weight = 0
    this.#last = undefined
  }
}
