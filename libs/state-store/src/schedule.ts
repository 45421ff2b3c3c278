import type { Due, Key } from './table'
import { compareUtf8 } from './utf8-order'

/** Due rows that are durable, in order of (due, key), after a given place. */
export type DuePage = (after: Due | undefined, limit: number) => Due[]

/**
 * Rows read ahead: few at first, for after most commits only the earliest is asked for; more with each page that is
 * used up.
 */
const FIRST_PAGE = 4
const LARGEST_PAGE = 256
const before = (a: Due, b: Due): boolean => a.due < b.due || (a.due === b.due && compareUtf8(a.key, b.key) < 0)

/**
 * The schedule of one table: durable due times, read a page at a time, under the arms staged since the last commit. A
 * staged arm hides the durable one of its key. Heap entries whose key was armed again are skipped when they come up.
 */
export class Schedule {
  private readonly staged = new Map<Key, number | null>()
  private heap: Due[] = []
  private page: Due[] = []
  private at = 0
  private size = FIRST_PAGE
  private exhausted = false

  constructor(private readonly durable: DuePage) {}

  arm(key: Key, due: number | null): void {
    this.staged.set(key, due)
    if (due !== null) this.push({ key, due })
  }

  /** undefined: nothing staged for this key. */
  stagedDue(key: Key): number | null | undefined {
    return this.staged.get(key)
  }

  first(until: number): Due | undefined {
    const a = this.firstStaged()
    const b = this.firstDurable()
    const first = a === undefined ? b : b === undefined || before(a, b) ? a : b
    return first !== undefined && first.due <= until ? first : undefined
  }

  /** What to write at the commit. */
  changes(): ReadonlyMap<Key, number | null> {
    return this.staged
  }

  /** After the staged arms have been written, or dropped. */
  reset(): void {
    // Most commits refresh rows and arm nothing: what was read of the durable ones stands.
    if (this.staged.size === 0) return
    this.staged.clear()
    this.heap = []
    this.reread()
  }

  /** After durable rows have changed by another way. */
  reread(): void {
    this.page = []
    this.at = 0
    this.size = FIRST_PAGE
    this.exhausted = false
  }

  private firstDurable(): Due | undefined {
    for (;;) {
      while (this.at < this.page.length) {
        const row = this.page[this.at]!
        if (!this.staged.has(row.key)) return row
        this.at++
      }
      if (this.exhausted) return undefined
      this.page = this.durable(this.page.at(-1), this.size)
      this.at = 0
      this.exhausted = this.page.length < this.size
      this.size = Math.min(4 * this.size, LARGEST_PAGE)
    }
  }

  private firstStaged(): Due | undefined {
    const { heap } = this
    while (heap.length > 0) {
      const top = heap[0]!
      if (this.staged.get(top.key) === top.due) return top
      this.pop()
    }
    return undefined
  }

  private push(entry: Due): void {
    const { heap } = this
    let i = heap.push(entry) - 1
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (!before(entry, heap[parent]!)) break
      heap[i] = heap[parent]!
      i = parent
    }
    heap[i] = entry
  }

  private pop(): void {
    const { heap } = this
    const entry = heap.pop()!
    if (heap.length === 0) return
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++
      if (!before(heap[child]!, entry)) break
      heap[i] = heap[child]!
      i = child
    }
    heap[i] = entry
  }
}
