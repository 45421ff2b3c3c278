import type { ObjectId } from '@quorate/contracts'
import type { HotObject } from './hot-object'
import { ownHead } from './object-codec'

/** Bytes that a decoded object takes, and each of its reports; and an entry here with its key. Measured, rounded up. */
const OBJECT = 800
const REPORT = 130
const ENTRY = 100

/** Room for packed rows that a generation begins with, in bytes; doubled when it is full. */
const ROOM = 1 << 14

/** Makes an object of its row, which begins at `start` in `bytes`. */
export type Unpack = (id: ObjectId, bytes: Buffer, start: number) => HotObject

/** Objects met in one stretch of time: decoded, or where their row begins in `bytes`. */
class Generation {
  readonly entries = new Map<ObjectId, HotObject | number>()
  bytes = Buffer.allocUnsafeSlow(ROOM)
  #end = 0
  #decoded = 0

  /** Bytes of memory, about. */
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

  /** What was made of the former bytes may still look at them. */
  #grow(least: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.bytes.length, least))
    this.bytes.copy(larger, 0, 0, this.#end)
    this.bytes = larger
  }
}

/**
 * Objects kept between batches, bounded by the memory they take. An object that came but once since it was loaded is packed again: its
 * row's bytes among many others, which costs a decoding should it come again, but a tenth of the memory and nothing to the garbage
 * collector, whose marking would else be half of all work. An object that came again stays decoded.
 *
 * Two generations instead of a list in order of use: an object that is met again moves to the young one, and when that is full the old
 * one goes. Nothing goes while a batch is open: what is dirty is only here.
 */
export class HotObjects {
  readonly #most: number
  readonly #unpack: Unpack
  #young = new Generation()
  #old = new Generation()
  /** Asked for last, by its routing and then by the fold; and not found. */
  #last: HotObject | undefined
  #missing: ObjectId | undefined

  /** `most`: bytes of memory, about. */
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
    // Else it would hold on to all bytes of the generation that goes.
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

  /** The object has been encoded in this row: packs it, unless it came again or has pages of its own. A packed object is not this one any more. */
  rest(object: HotObject, row: Buffer): void {
    if (object.again || object.storedPages > 0) {
      this.#young.weigh(object)
      ownHead(object)
      return
    }
    if (this.#last === object) this.#last = undefined
    this.#young.pack(object, row)
  }

  /** Between batches: lets the older generation go once the younger is half of what may be kept. */
  trim(): void {
    if (this.#young.weight <= this.#most / 2) return
    this.#old = this.#young
    this.#young = new Generation()
    this.#last = undefined
  }
}
