import type { AgentId, Change, ObjectId, Policy } from '@quorate/contracts'
import type { Table } from '@quorate/state-store'
import type { TaskContext } from '@quorate/streams'
import { AGENTS, CLOCK, evidenceKey, historyKey, pageKey, PENDING, POLICIES, TABLE } from '../tables'
import type { AgentWeight, Clock, Guard, HistoryEntry, Pending, Rules, Settings, VoteObject, VoteState } from '../vote'
import { HotObjects } from './hot-objects'
import { decodeObject, encodeObject, encodePage, morePages } from './object-codec'
import { PAGE_ROWS } from './row-codec'
import { json, readClock, readPending, readSettings, type ClockRow } from './settings-rows'

export interface PartitionStateOptions {
  readonly rules: Rules
  readonly incarnationBase: number
  /** Decoded objects and reports kept between batches. */
  readonly hotRows: number
  /** Objects that one batch may change before it is sealed. */
  readonly dirtyObjects: number
  readonly emit: (change: Change, context: TaskContext) => void
}

/**
 * The fold's state over the tables of one partition. Objects stay decoded while they are hot; what changed is marked, and encoded once
 * at the end of the batch. Lives in the task's cache: when a commit fails it goes with what was staged.
 */
export class PartitionState implements VoteState {
  readonly partition: number
  readonly incarnationBase: number
  readonly clock: Clock
  readonly guard: Guard
  readonly settings: Settings
  readonly #options: PartitionStateOptions
  readonly #context: TaskContext
  readonly #hot: HotObjects
  readonly #dirty = new Set<VoteObject>()
  readonly #dirtyPages = new Map<VoteObject, Set<number>>()
  readonly #objects: Table
  readonly #settingsRows: Table
  /** Not later than the earliest due time: most records need not ask the schedule. */
  #soonest = -Infinity
  #storedClock: ClockRow
  #settingsVersion: number
  #pending: Pending | null
  /** The row that `ids` came by last. */
  #passing: { readonly key: string; readonly value: Buffer } | undefined

  constructor(context: TaskContext, options: PartitionStateOptions) {
    this.partition = context.partition
    this.incarnationBase = options.incarnationBase
    this.#context = context
    this.#options = options
    this.#hot = new HotObjects(options.hotRows)
    this.#objects = context.table(TABLE.object)
    this.#settingsRows = context.table(TABLE.settings)
    this.settings = readSettings(this.#settingsRows, options.rules)
    this.#storedClock = readClock(this.#settingsRows)
    this.#settingsVersion = this.#storedClock.settings
    this.clock = { time: this.#storedClock.time ?? -Infinity, settled: this.#storedClock.settled }
    this.guard = { ...this.#storedClock.guard }
    this.#pending = readPending(this.#settingsRows)
  }

  /** Whether the object is decoded already: then it is surely of this partition. */
  isHot(id: ObjectId): boolean {
    return this.#hot.get(id) !== undefined
  }

  load(id: ObjectId): VoteObject | undefined {
    const hot = this.#hot.get(id)
    if (hot !== undefined) return hot
    const value = this.#objects.get(id)
    if (value === undefined) return undefined
    const object = decodeObject(id, value, this.settings, (page) => this.#page(id, page))
    this.#hot.set(object)
    return object
  }

  #page(id: ObjectId, page: number): Buffer {
    const value = this.#context.table(TABLE.agents).get(pageKey(id, page))
    if (value !== undefined) return value
    throw new Error(`page ${page} of the reports on ${JSON.stringify(id)} is missing: rebuild the partition's store`)
  }

  add(object: VoteObject): void {
    this.#hot.set(object)
    this.#dirty.add(object)
  }

  changed(object: VoteObject): void {
    object.headChanged = true
    this.#dirty.add(object)
  }

  rowChanged(object: VoteObject, place: number): void {
    if (place < PAGE_ROWS) {
      this.#dirty.add(object)
      return
    }
    const pages = this.#dirtyPages.get(object)
    if (pages === undefined) this.#dirtyPages.set(object, new Set([Math.floor(place / PAGE_ROWS)]))
    else pages.add(Math.floor(place / PAGE_ROWS))
  }

  drop(object: VoteObject): void {
    this.#hot.delete(object.id)
    this.#dirty.delete(object)
    this.#dirtyPages.delete(object)
    for (const row of object.rows) if (row.hasEvidence) this.deleteEvidence(object, row.agent)
    for (let version = object.oldest; version < object.version; version++) this.forgetHistory(object, version)
    for (let page = 1; page <= object.storedPages; page++) {
      this.#context.table(TABLE.agents).delete(pageKey(object.id, page))
    }
    if (object.storedPages >= 0) this.#objects.delete(object.id)
    else this.#objects.arm(object.id, null)
  }

  arm(object: VoteObject, due: number): void {
    object.armed = due
    this.#objects.arm(object.id, due === Infinity ? null : due)
    // The due time is told from the row after a restore, so the row must say the same.
    this.changed(object)
    if (due < this.#soonest) this.#soonest = due
  }

  firstDue(until: number) {
    if (until < this.#soonest) return undefined
    const first = this.#objects.firstDue(until)
    if (first !== undefined) {
      this.#soonest = first.due
      return { id: first.key, due: first.due }
    }
    this.#soonest = this.#objects.firstDue()?.due ?? Infinity
    return undefined
  }

  *ids(after: ObjectId | undefined): Iterable<ObjectId> {
    this.#write()
    for (const row of this.#objects.range(after === undefined ? {} : { after })) {
      this.#passing = row
      yield row.key
    }
  }

  mayHold(id: ObjectId, agent: AgentId): boolean {
    const value = this.#passing?.key === id ? this.#passing.value : this.#objects.get(id)
    if (value === undefined) return true
    // Reports beyond the first page lie elsewhere; few objects have that many.
    return value.includes(agent) || this.#context.table(TABLE.agents).get(pageKey(id, 1)) !== undefined
  }

  setEvidence(object: VoteObject, agent: AgentId, evidence: unknown): void {
    this.#context.table(TABLE.evidence).put(evidenceKey(object.id, agent), json(evidence))
  }

  deleteEvidence(object: VoteObject, agent: AgentId): void {
    this.#context.table(TABLE.evidence).delete(evidenceKey(object.id, agent))
  }

  keepHistory(object: VoteObject, entry: HistoryEntry): void {
    this.#context.table(TABLE.history).put(historyKey(object.id, entry.version), json(entry))
  }

  forgetHistory(object: VoteObject, version: number): void {
    this.#context.table(TABLE.history).delete(historyKey(object.id, version))
  }

  savePolicy(name: string, policy: Policy | null): void {
    this.#saveSetting(POLICIES + name, policy)
  }

  saveAgent(agent: AgentId, settings: AgentWeight | null): void {
    this.#saveSetting(AGENTS + agent, settings)
  }

  #saveSetting(key: string, value: unknown): void {
    if (value === null) this.#settingsRows.delete(key)
    else this.#settingsRows.put(key, json(value))
    this.#settingsVersion++
  }

  get pending(): Pending | null {
    return this.#pending
  }

  set pending(pending: Pending | null) {
    if (pending === null && this.#pending === null) return
    this.#pending = pending
    if (pending === null) this.#settingsRows.delete(PENDING)
    else this.#settingsRows.put(PENDING, json(pending))
  }

  emit(change: Change): void {
    this.#options.emit(change, this.#context)
  }

  get full(): boolean {
    return this.#dirty.size >= this.#options.dirtyObjects || this.#context.full
  }

  /** Encodes what changed into the tables: once a batch. */
  flush(): void {
    this.#write()
    this.#writeClock()
    this.#hot.trim()
  }

  #write(): void {
    for (const [object, pages] of this.#dirtyPages) this.#writePages(object, pages)
    for (const object of this.#dirty) {
      object.storedPages = morePages(object.rows.length)
      this.#objects.put(object.id, encodeObject(object))
    }
    this.#dirty.clear()
    this.#dirtyPages.clear()
  }

  #writePages(object: VoteObject, pages: ReadonlySet<number>): void {
    const table = this.#context.table(TABLE.agents)
    for (const page of pages) {
      const key = pageKey(object.id, page)
      if (page * PAGE_ROWS < object.rows.length) table.put(key, encodePage(object, page))
      else if (page <= object.storedPages) table.delete(key)
    }
  }

  #writeClock(): void {
    const { time, settled } = this.clock
    const stored = this.#storedClock
    const { known, stale, lost, incident } = this.guard
    const same =
      stored.time === time && stored.settled === settled && stored.settings === this.#settingsVersion &&
      stored.guard.known === known && stored.guard.stale === stale && stored.guard.lost === lost &&
      stored.guard.incident?.id === incident?.id // prettier-ignore
    if (same || time === -Infinity) return
    this.#storedClock = { time, settled, settings: this.#settingsVersion, guard: { ...this.guard } }
    this.#settingsRows.put(CLOCK, json(this.#storedClock))
  }
}
