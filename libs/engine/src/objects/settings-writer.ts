import type { Table } from '@quorate/state-store'
import type { TaskContext } from '@quorate/streams'
import { CLOCK, PENDING, RESHARD } from '../tables'
import type { Clock, Guard, Pending } from '@quorate/vote'
import { CHECKED, json, readPending, type ClockRow, type ReshardRow, type RowRefused } from './settings-rows'

/** Raises a condition for a refused row. It stays until the row is written again. */
export const refusing =
  ({ conditions }: Pick<TaskContext, 'conditions'>): RowRefused =>
  (key, why) =>
    conditions.raise({
      code: 'row-refused',
      subject: key,
      reason:
        'a row of the settings in the changelog is invalid, or was written by another program, and is ' +
        'ignored: put or delete the policy or the agent of that name',
      detail: why,
      blocks: [],
    })

/** Writes the rows of a partition's settings, and increments their version for readers that keep them decoded. */
export class SettingsWriter {
  version: number
  readonly #rows: Table
  readonly #conditions: TaskContext['conditions']
  #pending: Pending | null

  #clock: ClockRow

  constructor(rows: Table, context: Pick<TaskContext, 'conditions'>, clock: ClockRow) {
    this.version = clock.settings
    this.#clock = clock
    this.#rows = rows
    this.#conditions = context.conditions
    this.#pending = readPending(rows, refusing(context))
  }

  save(key: string, value: unknown): void {
    this.#conditions.clear('row-refused', key)
    if (value === null) this.#rows.delete(key)
    else this.#rows.put(key, json(value))
    this.version++
  }

  get pending(): Pending | null {
    return this.#pending
  }

  set pending(pending: Pending | null) {
    if (pending === null && this.#pending === null) return
    this.#pending = pending
    if (pending === null) this.#rows.delete(PENDING)
    else this.#rows.put(PENDING, json(pending))
  }

  saveReshard(row: ReshardRow): void {
    this.#rows.put(RESHARD, json(row))
  }

  /** Once per batch; writes nothing if nothing changed. */
  writeClock({ time, settled }: Clock, guard: Guard, knownFrom: number, isChecked: boolean): void {
    const stored = this.#clock
    const { known, stale, lost, incident } = guard
    const same =
      stored.time === time &&
      stored.settled === settled &&
      stored.settings === this.version &&
      stored.guard.known === known &&
      stored.guard.stale === stale &&
      stored.guard.lost === lost &&
      stored.guard.incident?.id === incident?.id &&
      (stored.checked === CHECKED) === isChecked
    if (same || time === -Infinity) return
    const checked = isChecked ? { checked: CHECKED } : {}
    this.#clock = { time, settled, settings: this.version, guard: { ...guard }, knownFrom, ...checked }
    this.#rows.put(CLOCK, json(this.#clock))
  }
}
