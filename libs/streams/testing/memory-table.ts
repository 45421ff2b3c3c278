import { afterPrefix, compareUtf8, type Due, type RangeBounds, type Row, type Table, type TableReader, type TableSpec } from '@quorate/state-store' // prettier-ignore

/** Committed rows of one table, in the order of their keys. */
export class MemoryRows implements TableReader {
  readonly rows = new Map<string, Buffer>()
  private sorted: string[] | undefined

  get keys(): readonly string[] {
    return (this.sorted ??= [...this.rows.keys()].sort(compareUtf8))
  }

  get(key: string): Buffer | undefined {
    return this.rows.get(key)
  }

  *range(bounds: RangeBounds = {}): IterableIterator<Row> {
    yield* within(this.keys, bounds, (key) => this.rows.get(key)!)
  }

  prefix(prefix: string): IterableIterator<Row> {
    return this.range(prefixBounds(prefix))
  }

  set(key: string, value: Buffer | undefined): void {
    if (this.rows.has(key) !== (value !== undefined)) this.sorted = undefined
    if (value === undefined) this.rows.delete(key)
    else this.rows.set(key, value)
  }
}

/** A table as a processor sees it: staged writes over committed rows, kept in memory. */
export class MemoryTable implements Table {
  private readonly staged = new Map<string, Buffer | undefined>()
  private readonly dues = new Map<string, number>()
  private readonly stagedDues = new Map<string, number | undefined>()

  constructor(
    private readonly spec: TableSpec,
    private readonly committed: MemoryRows,
  ) {
    for (const { key, value } of committed.range()) {
      const due = spec.dueOf?.(value) ?? null
      if (due !== null) this.dues.set(key, due)
    }
  }

  get size(): number {
    return this.staged.size
  }

  get(key: string): Buffer | undefined {
    return this.staged.has(key) ? this.staged.get(key) : this.committed.get(key)
  }

  *range(bounds: RangeBounds = {}): IterableIterator<Row> {
    if (this.staged.size === 0) {
      yield* this.committed.range(bounds)
      return
    }
    const keys = new Set(this.committed.keys)
    for (const [key, value] of this.staged)
      if (value === undefined) keys.delete(key)
      else keys.add(key)
    yield* within([...keys].sort(compareUtf8), bounds, (key) => this.get(key))
  }

  prefix(prefix: string): IterableIterator<Row> {
    return this.range(prefixBounds(prefix))
  }

  put(key: string, value: Buffer): void {
    this.staged.set(key, value)
  }

  delete(key: string): void {
    this.staged.set(key, undefined)
    this.stagedDues.set(key, undefined)
  }

  arm(key: string, due: number | null): void {
    if (!this.spec.dueOf) throw new Error(`rows of ${this.spec.name} are never due`)
    this.stagedDues.set(key, due ?? undefined)
  }

  dueOf(key: string): number | undefined {
    return this.stagedDues.has(key) ? this.stagedDues.get(key) : this.dues.get(key)
  }

  firstDue(until = Infinity): Due | undefined {
    let first: Due | undefined
    for (const key of this.stagedDues.size === 0
      ? this.dues.keys()
      : new Set([...this.dues.keys(), ...this.stagedDues.keys()])) {
      const due = this.dueOf(key)
      if (due === undefined || due > until) continue
      if (!first || due < first.due || (due === first.due && compareUtf8(key, first.key) < 0)) first = { key, due }
    }
    return first
  }

  commit(): void {
    for (const [key, value] of this.staged) this.committed.set(key, value)
    for (const [key, due] of this.stagedDues)
      if (due === undefined) this.dues.delete(key)
      else this.dues.set(key, due)
    this.rollback()
  }

  rollback(): void {
    this.staged.clear()
    this.stagedDues.clear()
  }
}

function prefixBounds(prefix: string): RangeBounds {
  const to = afterPrefix(prefix)
  return { from: prefix, ...(to === undefined ? {} : { to }) }
}

function* within(
  keys: readonly string[],
  { from, after, to, limit = Infinity }: RangeBounds,
  value: (key: string) => Buffer | undefined,
): IterableIterator<Row> {
  let left = limit
  for (const key of keys) {
    if (left <= 0) return
    if (to !== undefined && compareUtf8(key, to) >= 0) return
    if (from !== undefined && compareUtf8(key, from) < 0) continue
    if (after !== undefined && compareUtf8(key, after) <= 0) continue
    const found = value(key)
    if (found === undefined) continue
    left--
    yield { key, value: found }
  }
}
