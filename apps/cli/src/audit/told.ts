import { encodeChange, parseEventId, RESHARDED_FROM, type Change, type EncodedChange } from '@quorate/contracts'
import { header, type Log, type LogRecord } from '@quorate/log'
import { recordsOf, type Stretch } from '../simulate/source-topic'
import type { Difference } from './difference'

interface Told {
  readonly offset: number
  readonly id: string
  readonly text: string
}

interface Expected {
  readonly change: Change
  /** Offset of the source record that led to it. */
  readonly offset: number
}

const NAMES = ['ce_specversion', 'ce_id', 'ce_source', 'ce_type', 'ce_time', 'ce_subject', 'content-type', 'ce_cause']

/** A record of the sink as text: its value and headers. */
const textOf = (headers: (name: string) => string | undefined, value: string | null): string =>
  `${NAMES.map((name) => headers(name) ?? '-').join(' ')} ${value ?? 'null'}`

const recordText = (record: LogRecord): string =>
  textOf((name) => header(record, name), record.value === null ? null : record.value.toString('utf8'))

const encodedText = ({ headers, value }: EncodedChange): string =>
  textOf((name) => headers.find(([it]) => it === name)?.[1], value)

/**
 * The events of a partition of the sink, compared with those that the source produces, key by key and in order. Because
 * of compaction a record may be missing if a later one of its key exists; also a deletion, with everything before it.
 */
export class ToldPartition {
  readonly #next = new Map<string, number>()
  readonly #absent = new Map<string, Expected>()
  readonly #wrong: Difference[] = []

  readonly #partition: number
  readonly #source: string
  readonly #told: ReadonlyMap<string, readonly Told[]>

  private constructor(partition: number, source: string, told: ReadonlyMap<string, readonly Told[]>) {
    this.#partition = partition
    this.#source = source
    this.#told = told
  }

  /** `source`: the required `ce_source` of events; `from`: incarnations below it are not judged. */
  static async read(log: Log, stretch: Stretch, source: string, from: number): Promise<ToldPartition> {
    const told = new Map<string, Told[]>()
    for await (const records of recordsOf(log, stretch))
      for (const record of records) {
        // Written by a reshard: the source begins after it.
        if (header(record, RESHARDED_FROM) !== undefined) continue
        const id = header(record, 'ce_id') ?? ''
        if (from > 0 && (parseEventId(id)?.incarnation ?? -1) < from) continue
        const key = record.key?.toString('utf8') ?? ''
        const entry = { offset: record.offset, id, text: recordText(record) }
        const entries = told.get(key)
        if (entries === undefined) told.set(key, [entry])
        else entries.push(entry)
      }
    return new ToldPartition(stretch.partition, source, told)
  }

  /** Whether the sink has events of the incarnation. */
  has(object: string, incarnation: number): boolean {
    return this.#told.get(object)?.some(({ id }) => parseEventId(id)?.incarnation === incarnation) === true
  }

  expect(change: Change, offset: number): void {
    const key = change.subject
    const at = this.#next.get(key) ?? 0
    const kept = this.#told.get(key)?.[at]
    if (kept?.id !== change.id) {
      this.#absent.set(key, { change, offset })
      return
    }
    this.#next.set(key, at + 1)
    this.#absent.delete(key)
    const expected = encodedText(encodeChange(change, this.#source))
    if (kept.text === expected) return
    const offsets = { source: offset + 1, kept: kept.offset, trigger: offset }
    this.#wrong.push(this.#difference(key, `the event ${change.id} differs`, kept.text, expected, offsets))
  }

  /**
   * `applied`: the source offset below which everything had been committed before the sink was read; `end`: the end of
   * the replay.
   */
  differences(applied: number, end: number): Difference[] {
    const found = [...this.#wrong]
    for (const [key, entries] of this.#told) {
      const extra = entries[this.#next.get(key) ?? 0]
      if (extra === undefined) continue
      const what = `the event ${extra.id} does not result from the source at this place`
      found.push(this.#difference(key, what, extra.text, null, { source: end, kept: extra.offset }))
    }
    for (const [key, { change, offset }] of this.#absent) {
      const matched = this.#next.get(key) ?? 0
      // If compaction removed a deletion, it removed everything before it.
      const cleaned = change.data === null && matched === 0
      if (offset >= applied || cleaned || matched < (this.#told.get(key)?.length ?? 0)) continue
      const expected = encodedText(encodeChange(change, this.#source))
      const offsets = { source: applied, trigger: offset }
      found.push(this.#difference(key, `the event ${change.id} is missing`, null, expected, offsets))
    }
    return found
  }

  #difference(
    object: string,
    what: string,
    kept: string | null,
    expected: string | null,
    offsets: Difference['offsets'],
  ): Difference {
    return { where: 'sink', partition: this.#partition, object, what, kept, expected, offsets }
  }
}
