export interface Entry {
  readonly dueAt: number
  /** Breaks ties: first come, first out. */
  readonly order: number
}

const before = (a: Entry, b: Entry): boolean => a.dueAt < b.dueAt || (a.dueAt === b.dueAt && a.order < b.order)

/** Binary heap by due time. */
export class DueHeap<T extends Entry> {
  private entries: T[] = []

  get first(): T | undefined {
    return this.entries[0]
  }

  get size(): number {
    return this.entries.length
  }

  push(entry: T): void {
    const { entries } = this
    let i = entries.push(entry) - 1
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (!before(entry, entries[parent]!)) break
      entries[i] = entries[parent]!
      i = parent
    }
    entries[i] = entry
  }

  pop(): T | undefined {
    const { entries } = this
    const top = entries[0]
    const last = entries.pop()
    if (entries.length === 0 || last === undefined) return top
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= entries.length) break
      if (child + 1 < entries.length && before(entries[child + 1]!, entries[child]!)) child++
      if (!before(entries[child]!, last)) break
      entries[i] = entries[child]!
      i = child
    }
    entries[i] = last
    return top
  }

  /** Keeps what `keep` answers for each entry: itself, a changed one, or nothing. */
  rebuild(keep: (entry: T) => T | undefined): void {
    const old = this.entries
    this.entries = []
    for (const entry of old) {
      const kept = keep(entry)
      if (kept) this.push(kept)
    }
  }
}
