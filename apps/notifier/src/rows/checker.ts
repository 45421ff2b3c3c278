import type { TableReader } from '@quorate/state-store'
import { laneOf, laneOfKey } from './keys'
import { outboxRow, decisionPageRow } from './packed-rows'
import { idOf, pageOf, type RecordRef } from '../decisions/record-ref'
import { ROW_FITS } from './row-shapes'
import { deadRow, type DeliveryRow, groupBatchRow, objectRow } from './rows'

/** The rows of one task by the name of their table. */
export type CheckedTables = (name: string) => TableReader

/** Rows of a task that do not fit together. */
export interface Inconsistency {
  readonly table: string
  readonly key: string
  readonly what: string
}

/**
 * Compares all that is split over several rows of a task: deliveries to be made, given up or gathered with their
 * decisions' pages, what an object holds back with its decisions and with the index by cause, and the decisions with
 * what they are about.
 */
export function inconsistencies(tables: CheckedTables): Inconsistency[] {
  return new Check(tables).run()
}

class Check {
  readonly #found: Inconsistency[] = []
  readonly #pending = new Set<string>()
  readonly #held = new Set<string>()

  constructor(private readonly tables: CheckedTables) {}

  run(): Inconsistency[] {
    this.#rows()
    // What is no row cannot be compared.
    if (this.#found.length > 0) return this.#found
    this.#outbox()
    this.#dead()
    this.#objects()
    this.#gatherings()
    this.#pages()
    return this.#found
  }

  #rows(): void {
    for (const [table, fits] of Object.entries(ROW_FITS))
      for (const { key, value } of this.tables(table).range())
        if (!fits(key, value)) this.#say(table, key, 'it is no row of its table')
  }

  #say(table: string, key: string, what: string): void {
    this.#found.push({ table, key, what })
  }

  /** A decision by its place; undefined: its page is gone, or does not have it. */
  #decision(ref: RecordRef): DeliveryRow | undefined {
    const bytes = this.tables('history').get(pageOf(ref))
    return bytes && decisionPageRow.decode(bytes).rows.find(({ id }) => id === idOf(ref))
  }

  #expect(table: string, key: string, ref: RecordRef, status: DeliveryRow['status']): void {
    const decision = this.#decision(ref)
    if (decision === undefined) this.#say(table, key, `its decision ${ref} is missing`)
    else if (decision.status !== status)
      this.#say(table, key, `its decision ${ref} is ${decision.status}, not ${status}`)
  }

  #outbox(): void {
    for (const { key, value } of this.tables('outbox').range()) {
      const row = outboxRow.decode(value)
      this.#pending.add(row.id)
      if (laneOfKey(key) !== laneOf(row.endpoint, row.message.object))
        this.#say('outbox', key, 'it lies in another lane')
      this.#expect('outbox', key, row.record, 'pending')
    }
  }

  #dead(): void {
    for (const { key, value } of this.tables('dead').range()) {
      const { row } = deadRow.decode(value)
      if (key !== row.id) this.#say('dead', key, `it is the delivery ${row.id}`)
      this.#expect('dead', key, row.record, 'dead')
    }
  }

  #objects(): void {
    const causes = new Set<string>()
    for (const { key, value } of this.tables('objects').range()) {
      const { held, told, news } = objectRow.decode(value)
      for (const { decision, by } of Object.values(held)) {
        this.#held.add(idOf(decision))
        this.#expect('objects', key, decision, 'held')
        if (by !== undefined) causes.add(`${by}\u0001${key}`)
      }
      for (const { mutedBy } of Object.values(told)) if (mutedBy !== undefined) causes.add(`${mutedBy}\u0001${key}`)
      if (Object.keys(held).length > 0 && news === undefined)
        this.#say('objects', key, 'what it holds back has no news')
    }
    for (const { key } of this.tables('withheld').range())
      if (!causes.delete(key)) this.#say('withheld', key, 'no object is held back by it')
    for (const key of causes) this.#say('withheld', key, 'it is missing')
  }

  #gatherings(): void {
    for (const { key, value } of this.tables('gatherings').range()) {
      const { endpoint, changes, total } = groupBatchRow.decode(value)
      if (!key.startsWith(`${endpoint}\u0001`)) this.#say('gatherings', key, `it is of the endpoint ${endpoint}`)
      if (changes.length > total) this.#say('gatherings', key, `it counts ${total} and lists ${changes.length}`)
    }
  }

  #pages(): void {
    for (const { key, value } of this.tables('history').range()) {
      const { rows, forgetAt } = decisionPageRow.decode(value)
      const open = rows.some((row) => row.forgetAt === null)
      if (open !== (forgetAt === null)) this.#say('history', key, 'it is not forgotten when its decisions are')
      if (rows.length === 0) this.#say('history', key, 'it is empty')
      if (new Set(rows.map(({ id }) => id)).size < rows.length) this.#say('history', key, 'a decision is there twice')
      for (const { id, status } of rows) {
        if (status === 'pending' && !this.#pending.has(id))
          this.#say('history', key, `${id} is pending, but not to be made`)
        if (status === 'held' && !this.#held.has(id)) this.#say('history', key, `${id} is held, but by no object`)
      }
    }
  }
}
