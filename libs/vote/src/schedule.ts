import { compareUtf8, type ObjectId } from '@quorate/contracts'

export interface Entry {
  readonly id: ObjectId
  readonly due: number
}

const isBefore = (a: Entry, b: Entry): boolean => a.due < b.due || (a.due === b.due && compareUtf8(a.id, b.id) < 0)

/**
 * Due times in memory: a heap by time, then id. A stale entry (the object is armed for another time, or gone) stays
 * until it reaches the top, or until such entries are more than half.
 */
export class Schedule {
  #heap: Entry[] = []
  readonly #armed = new Map<ObjectId, number>()

  arm(id: ObjectId, due: number): void {
    if (due === Infinity) {
      this.#armed.delete(id)
      return
    }
    if (this.#armed.get(id) === due) return
    this.#armed.set(id, due)
    this.#push({ id, due })
    if (this.#heap.length > 2 * this.#armed.size + 64) this.#prune()
  }

  first(until: number): Entry | undefined {
    for (let top = this.#heap[0]; top !== undefined; top = this.#heap[0]) {
      if (top.due > until) return undefined
      if (this.#armed.get(top.id) === top.due) return top
      this.#pop()
    }
    return undefined
  }

  #push(entry: Entry): void {
    const heap = this.#heap
    let at = heap.push(entry) - 1
    while (at > 0) {
      const up = (at - 1) >> 1
      if (!isBefore(entry, heap[up]!)) break
      heap[at] = heap[up]!
      at = up
    }
    heap[at] = entry
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()!
    if (heap.length > 0) this.#sink(last)
  }

  /** Puts `entry` at the top and sifts it down. */
  #sink(entry: Entry): void {
    const heap = this.#heap
    let at = 0
    for (let down = 1; down < heap.length; down = 2 * at + 1) {
      if (down + 1 < heap.length && isBefore(heap[down + 1]!, heap[down]!)) down++
      if (!isBefore(heap[down]!, entry)) break
      heap[at] = heap[down]!
      at = down
    }
    heap[at] = entry
  }

  #prune(): void {
    this.#heap = [...this.#armed].map(([id, due]) => ({ id, due }))
    // A sorted array is a heap.
    this.#heap.sort((a, b) => (isBefore(a, b) ? -1 : 1))
  }
}
