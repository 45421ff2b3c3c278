import type { AgentId, Change, ObjectId, Policy, Resharded, Snapshot } from '@quorate/contracts'
import type { Table } from '@quorate/state-store'
import type { TaskContext } from '@quorate/streams'
import { AGENTS, evidenceKey, historyKey, pageKey, POLICIES, TABLE } from '../tables'
import { Holds, newGuard } from '@quorate/vote'
import type {
  AgentWeight,
  Clock,
  Guard,
  HistoryEntry,
  Pending,
  RuleFault,
  Settings,
  VoteObject,
  VoteState,
} from '@quorate/vote'
import type { Refolded } from '../replay/refold'
import { HotObject } from './hot-object'
import { HotObjects } from './hot-objects'
import { decodeObject, dueOf, encodeObject, encodePage, morePages } from './object-codec'
import { dropRepeated, isSound, storedObject } from './stored-object'
import { ownedRows } from './owned-rows'
import type { PartitionStateOptions } from './partition-state-options'
import { PAGE_ROWS } from './row-codec'
import { importSetting, refusedLayout } from './snapshot-rows'
import { CHECKED, json, readClock, readReshard, readSettings } from './settings-rows'
import { refusing, SettingsWriter } from './settings-writer'

/**
 * The fold's state over the tables of one partition. Objects stay decoded while they are hot. Changed objects are
 * marked and encoded once at the end of the batch. Lives in the task's cache: when a commit fails, it is dropped with
 * what was staged.
 */
export class PartitionState implements VoteState {
  readonly partition: number
  incarnationBase: number
  importing: number
  readonly clock: Clock
  readonly guard: Guard
  readonly settings: Settings
  readonly holds: Holds
  readonly #options: PartitionStateOptions
  readonly #context: TaskContext
  readonly #hot: HotObjects
  /** Changed and not encoded. Those that were used again are encoded once, at the end of the batch. */
  #dirty: HotObject[] = []
  #dirtyAgain: HotObject[] = []
  readonly #dirtyPages = new Map<HotObject, Set<number>>()
  readonly #tables: (name: string) => Table
  readonly #objects: Table
  /** A lower bound of the earliest due time: most records need not query the schedule. */
  #soonest = -Infinity
  readonly #written: SettingsWriter
  /** Whether all rows are known to be consistent; if not, an earlier release wrote them. */
  isChecked: boolean
  /** The row that `ids` yielded last. */
  #passing: { readonly key: string; readonly value: Buffer } | undefined

  constructor(context: TaskContext, options: PartitionStateOptions) {
    this.partition = context.partition
    this.#context = context
    this.#options = options
    this.holds = options.holds ?? new Holds()
    this.#hot = new HotObjects(options.hotBytes, (id, bytes, start) => decodeObject(id, bytes, start, this.settings))
    this.#tables = (name) => context.table(name)
    this.#objects = context.table(TABLE.object)
    const settingsRows = context.table(TABLE.settings)
    const refused = refusing(context)
    const resharded = readReshard(settingsRows, refused)
    this.incarnationBase = resharded?.base ?? options.incarnationBase
    this.importing = resharded?.importing ?? 0
    this.settings = readSettings(settingsRows, options.rules, refused)
    const clock = readClock(settingsRows, refused)
    this.#written = new SettingsWriter(settingsRows, context, clock)
    this.isChecked = clock.time === null || clock.checked === CHECKED
    this.clock = { time: clock.time ?? -Infinity, settled: clock.settled }
    this.guard = { ...clock.guard }
    options.ruleFaults?.open(this.partition, context.conditions)
    for (const { name, method } of this.settings.policies()) this.#reportRule(name, method)
  }

  /** Whether the object is already decoded: it then belongs to this partition. */
  isHot(id: ObjectId): boolean {
    return this.#hot.get(id) !== undefined
  }

  load(id: ObjectId): HotObject | undefined {
    this.#options.onObject?.(this.partition, id)
    const hot = this.#hot.get(id)
    if (hot !== undefined) return hot
    const value = this.#objects.get(id)
    if (value === undefined) return undefined
    const object = this.#stored(id, value)
    this.#hot.set(object)
    return object
  }

  #stored(id: ObjectId, value: Buffer): HotObject {
    const object = storedObject(id, value, this.settings, this.#tables)
    // Earlier releases could also mistake another text for an agent's name.
    if (!this.isChecked) dropRepeated(object)
    if (!isSound(object)) this.#rewrite(object)
    return object
  }

  #rewrite(object: HotObject): void {
    const pages = new Set<number>()
    for (let page = 1; page <= Math.max(object.storedPages, morePages(object.rows.length)); page++) pages.add(page)
    if (pages.size > 0) this.#dirtyPages.set(object, pages)
    this.#mark(object)
  }

  /** Replaces an object's reports; it is counted again when it is next used. */
  replaceReports(object: HotObject, { rows, evidence }: Refolded): void {
    for (const { agent, hasEvidence } of object.rows) if (hasEvidence) this.deleteEvidence(object, agent)
    object.rows.length = 0
    for (const row of rows) object.rows.push({ ...row, counted: 0 })
    for (const [agent, given] of evidence) this.setEvidence(object, agent, given)
    object.countedUnder = -1
    this.#rewrite(object)
  }

  create(...of: ConstructorParameters<typeof VoteObject>): HotObject {
    const object = new HotObject(...of)
    this.#hot.set(object)
    this.#mark(object)
    return object
  }

  #mark(object: HotObject): void {
    if (object.dirty) return
    object.dirty = true
    this.#dirty.push(object)
  }

  changed(object: HotObject): void {
    object.headChanged = true
    this.#mark(object)
  }

  rowChanged(object: HotObject, place: number): void {
    if (place < PAGE_ROWS) {
      this.#mark(object)
      return
    }
    const pages = this.#dirtyPages.get(object)
    if (pages === undefined) this.#dirtyPages.set(object, new Set([Math.floor(place / PAGE_ROWS)]))
    else pages.add(Math.floor(place / PAGE_ROWS))
    // The object's row contains the number of reports, so it is written whenever one was added or removed on any page.
    if (object.rows.length !== object.storedRows) this.#mark(object)
  }

  drop(object: HotObject): void {
    this.#hot.delete(object.id)
    if (object.ruleHold !== null) this.ruleFault(object, null)
    object.dirty = false
    this.#dirtyPages.delete(object)
    for (const [table, key] of ownedRows(object)) this.#context.table(table).delete(key)
    if (object.storedPages >= 0) this.#objects.delete(object.id)
    else this.#objects.arm(object.id, null)
  }

  arm(object: HotObject, due: number): void {
    object.armed = due
    this.#objects.arm(object.id, due === Infinity ? null : due)
    // After a restore the due time is computed from the row, so the row must contain it.
    this.changed(object)
    if (due < this.#soonest) this.#soonest = due
  }

  armHeld(id: ObjectId, until: number): void {
    this.#objects.arm(id, until)
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
    // Reports beyond the first page are in other rows; few objects have that many.
    return value.includes(agent) || this.#context.table(TABLE.agents).get(pageKey(id, 1)) !== undefined
  }

  setEvidence(object: HotObject, agent: AgentId, evidence: unknown): void {
    this.#context.table(TABLE.evidence).put(evidenceKey(object.id, agent), json(evidence))
  }

  deleteEvidence(object: HotObject, agent: AgentId): void {
    this.#context.table(TABLE.evidence).delete(evidenceKey(object.id, agent))
  }

  keepHistory(object: HotObject, entry: HistoryEntry): void {
    this.#context.table(TABLE.history).put(historyKey(object.id, entry.version), json(entry))
  }

  forgetHistory(object: HotObject, version: number): void {
    this.#context.table(TABLE.history).delete(historyKey(object.id, version))
  }

  savePolicy(name: string, policy: Policy | null): void {
    this.#written.save(POLICIES + name, policy)
    this.#reportRule(name, policy?.method)
  }

  #reportRule(policy: string, method: string | undefined): void {
    const fault = method === undefined ? undefined : this.settings.ruleFaultOf(method)
    this.#options.ruleFaults?.policy(this.partition, policy, fault)
  }

  ruleFault({ id, inForce }: HotObject, fault: RuleFault | null): void {
    this.#options.ruleFaults?.object(this.partition, id, inForce.name, fault)
  }

  saveAgent(agent: AgentId, settings: AgentWeight | null): void {
    this.#written.save(AGENTS + agent, settings)
  }

  get pending(): Pending | null {
    return this.#written.pending
  }

  set pending(pending: Pending | null) {
    this.#written.pending = pending
  }

  beginImport({ base, time, known, stale, snapshots, layout }: Resharded): string | undefined {
    const refused = refusedLayout(layout)
    if (refused !== undefined) return refused
    this.incarnationBase = base
    this.importing = snapshots
    Object.assign(this.clock, { time, settled: true })
    Object.assign(this.guard, newGuard(), { known, stale })
    this.#saveReshard()
    return undefined
  }

  /** Raises the base of new incarnations to `base`, if it is lower. */
  raiseIncarnations(base: number): void {
    if (base <= this.incarnationBase) return
    this.incarnationBase = base
    this.#saveReshard()
  }

  importRows({ rows }: Snapshot): void {
    this.importing--
    this.#saveReshard()
    for (const [table, key, base64] of rows) {
      const value = Buffer.from(base64, 'base64')
      this.#context.table(table).put(key, value)
      if (table === TABLE.object) this.#objects.arm(key, dueOf(value))
      else if (table === TABLE.settings && importSetting(this.settings, key, value)) this.#written.version++
    }
    this.#soonest = -Infinity
  }

  #saveReshard(): void {
    const { incarnationBase: base, importing } = this
    this.#written.saveReshard({ base, importing })
  }

  emit(change: Change): void {
    this.#options.emit(change, this.#context)
  }

  /** Checked between evaluations, when every object is complete and none is in use. */
  get full(): boolean {
    // Pack while the objects are still in the processor's caches. What is packed early also spares the garbage
    // collector.
    if (this.#dirty.length >= this.#options.dirtyObjects) this.#packCold()
    return this.#context.full
  }

  /** Encodes the changes into the tables: once per batch. */
  flush(): void {
    this.#write()
    this.#written.writeClock(this.clock, this.guard, this.settings.knownFrom, this.isChecked)
    this.#hot.trim()
  }

  #packCold(): void {
    const dirty = this.#dirty
    this.#dirty = []
    for (const object of dirty) {
      if (object.again || object.storedPages > 0 || object.rows.length > PAGE_ROWS) this.#dirtyAgain.push(object)
      else this.#writeObject(object)
    }
  }

  #write(): void {
    for (const [object, pages] of this.#dirtyPages) this.#writePages(object, pages)
    for (const object of this.#dirtyAgain) this.#writeObject(object)
    for (const object of this.#dirty) this.#writeObject(object)
    this.#dirtyAgain = []
    this.#dirty = []
    this.#dirtyPages.clear()
  }

  #writeObject(object: HotObject): void {
    // Dropped in the meantime.
    if (!object.dirty) return
    object.dirty = false
    object.storedRows = object.rows.length
    object.storedPages = morePages(object.storedRows)
    const row = encodeObject(object)
    this.#objects.put(object.id, row)
    this.#hot.rest(object, row)
  }

  #writePages(object: HotObject, pages: ReadonlySet<number>): void {
    const table = this.#context.table(TABLE.agents)
    for (const page of pages) {
      const key = pageKey(object.id, page)
      if (page * PAGE_ROWS < object.rows.length) table.put(key, encodePage(object, page))
      else if (page <= object.storedPages) table.delete(key)
    }
  }
}
