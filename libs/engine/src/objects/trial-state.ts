import type { AgentId, Change, ObjectId } from '@quorate/contracts'
import { TABLE } from '../tables'
import {
  type Clock,
  type Guard,
  Holds,
  type Pending,
  type Rules,
  type Settings,
  VoteObject,
  type VoteState,
} from '@quorate/vote'
import type { Tables } from './object-reader'
import { readClock, readSettings } from './settings-rows'
import { storedObject } from './stored-object'

/** Objects evaluated before yielding to the event loop. */
const SLICE = 500

/**
 * The committed rows of one partition under settings that are tried: changes are reported to a callback and stored
 * nowhere.
 */
export class TrialState implements VoteState {
  readonly incarnationBase = 0
  readonly importing = 0
  readonly clock: Clock
  readonly guard: Guard
  readonly settings: Settings
  pending: Pending | null = null
  readonly holds = new Holds()
  /** Number of evaluated objects. */
  evaluated = 0
  #slice = 0

  readonly #tables: Tables
  readonly #onChange: (change: Change) => void

  constructor(
    readonly partition: number,
    tables: Tables,
    rules: Rules,
    told: (change: Change) => void,
  ) {
    this.#tables = tables
    this.#onChange = told
    const rows = tables(TABLE.settings)
    const { time, settled, guard } = readClock(rows)
    this.clock = { time: time ?? 0, settled }
    this.guard = { ...guard }
    this.settings = readSettings(rows, rules)
  }

  load(id: ObjectId): VoteObject | undefined {
    const value = this.#tables(TABLE.object).get(id)
    if (value === undefined) return undefined
    this.evaluated++
    this.#slice++
    return storedObject(id, value, this.settings, this.#tables)
  }

  create(...of: ConstructorParameters<typeof VoteObject>): VoteObject {
    return new VoteObject(...of)
  }

  *ids(after: ObjectId | undefined): Iterable<ObjectId> {
    for (const { key } of this.#tables(TABLE.object).range(after === undefined ? {} : { after })) yield key
  }

  get full(): boolean {
    return this.#slice >= SLICE
  }

  /** Starts another slice. */
  nextSlice(): void {
    this.#slice = 0
  }

  emit(change: Change): void {
    this.#onChange(change)
  }

  arm(object: VoteObject, due: number): void {
    object.armed = due
  }

  armHeld(): void {}

  firstDue(): undefined {
    return undefined
  }

  /** Without decoding the object, it may. */
  mayHold(_id: ObjectId, _agent: AgentId): boolean {
    return true
  }

  ruleFault(): void {}
  changed(): void {}
  rowChanged(): void {}
  drop(): void {}
  setEvidence(): void {}
  deleteEvidence(): void {}
  keepHistory(): void {}
  forgetHistory(): void {}
  savePolicy(): void {}
  saveAgent(): void {}
  importRows(): void {}
  beginImport(): string {
    return 'a trial cannot import'
  }
}
