import type { ObjectId } from '@quorate/contracts'
import type { HotObject } from './hot-object'
import { ownHead } from './object-codec'

/**
 * Estimated bytes of a decoded object, of each of its reports, and of a map entry with its key. Measured, rounded up.
 */
const OBJECT = 800
const REPORT = 130
const ENTRY = 100

/** Initial buffer size of a generation for packed rows, in bytes; doubled when full. */
const ROOM = 1 << 14

/** Decodes an object from its row, which begins at `start` in `bytes`. */
export type Unpack = (id: ObjectId, bytes: Buffer, start: number) => HotObject

/** Objects used in one period: decoded, or the offset of their row in `bytes`. */
class Generation {
  readonly entries = new Map<ObjectId, HotObject | number>()
  bytes = Buffer.allocUnsafeSlow(ROOM)
  #end = 0
  #decoded = 0

  /** Approximate bytes of memory. */
  get weight(): number {
    return this.#end + this.#decoded + ENTRY * this.entries.size
  }

  keep(object: HotObject): void {
    this.entries.set(object.id, object)
    this.weigh(object)
  }

  weigh(object: HotObject): void {
    const weight = OBJECT + REPORT * object.rows.length
    this.#decoded += weight - object.memory
    object.memory = weight
  }

  pack(object: HotObject, row: Buffer): void {
    const end = this.#end + row.length
    if (end > this.bytes.length) this.#grow(end)
    row.copy(this.bytes, this.#end)
    this.entries.set(object.id, this.#end)
    this.#decoded -= object.memory
    this.#end = end
  }

  /** Decoded objects may still refer to the former buffer, so it is not reused. */
  #grow(least: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.bytes.length, least))
    this.bytes.copy(larger, 0, 0, this.#end)
    this.bytes = larger
  }
}

/**
 * Objects cached between batches, bounded by memory. An object that was used only once since it was loaded is packed
 * again: its row is stored among many others in one buffer. It must be decoded if it is used again, but takes a tenth
 * of the memory and costs the garbage collector nothing, whose marking would otherwise be half of all work. An object
 * that was used again stays decoded.
 *
 * Two generations instead of an LRU list: an object that is used again moves to the young one, and when that is full
 * the old one is dropped. Nothing is dropped while a batch is open, because changed objects exist only here.
 */
export class HotObjects {
  readonly #most: number
  readonly #unpack: Unpack
  #young = new Generation()
  #old = new Generation()
  /** The last object requested (by its routing and then by the fold), and the last one not found. */
  #last: HotObject | undefined
  #missing: ObjectId | undefined

  /** `most`: approximate bytes of memory. */
  constructor(most: number, unpack: Unpack) {
    this.#most = most
    this.#unpack = unpack
  }

  get(id: ObjectId): HotObject | undefined {
    if (id === this.#last?.id) return this.#last
    if (id === this.#missing) return undefined
    const object = this.#find(id)
    if (object === undefined) this.#missing = id
    else this.#last = object
    return object
  }

  #find(id: ObjectId): HotObject | undefined {
    const entry = this.#young.entries.get(id)
    if (typeof entry === 'object') {
      entry.again = true
      return entry
    }
    if (entry !== undefined) return this.#unpacked(id, this.#young.bytes, entry)
    const old = this.#old.entries.get(id)
    if (old === undefined) return undefined
    this.#old.entries.delete(id)
    if (typeof old === 'number') return this.#unpacked(id, this.#old.bytes, old)
    old.again = true
    old.memory = 0
    // Otherwise it would retain all bytes of the dropped generation.
    ownHead(old)
    this.#young.keep(old)
    return old
  }

  #unpacked(id: ObjectId, bytes: Buffer, start: number): HotObject {
    const object = this.#unpack(id, bytes, start)
    this.#young.keep(object)
    return object
  }

  set(object: HotObject): void {
    this.#last = object
    this.#missing = undefined
    this.#young.keep(object)
  }

  delete(id: ObjectId): void {
    this.#last = undefined
    this.#young.entries.delete(id)
    this.#old.entries.delete(id)
  }

  /**
   * The object has been encoded in this row: packs it, unless it was used again or has pages of its own. Once packed,
   * this instance is no longer the cached one.
   */
  rest(object: HotObject, row: Buffer): void {
    if (object.again || object.storedPages > 0) {
      this.#young.weigh(object)
      ownHead(object)
      return
    }
    if (this.#last === object) this.#last = undefined
    this.#young.pack(object, row)
  }

  /** Between batches: drops the older generation once the younger one takes half of the allowed memory. */
  trim(): void {
    if (this.#young.weight <= this.#most / 2) return
    this.#old = this.#young
    this.#young = new Generation()
    this.#last = undefined
  }
}
