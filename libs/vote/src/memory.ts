import {
  compareUtf8,
  type AgentId,
  type Change,
  type ObjectId,
  type Resharded,
  type Snapshot,
} from '@quorate/contracts'
import { newGuard, type Guard } from './guard'
import { Holds } from './holds'
import { placeOf, VoteObject } from './object'
import type { Clock, Pending, VoteState } from './port'
import { Schedule } from './schedule'
import { Settings } from './settings'

/** Decodes rows of a store into objects and settings. Implemented by the owner of the row layout. */
export interface ReadRows {
  /** Returns why rows of that layout cannot be read, or undefined. */
  refuses(layout: number): string | undefined
  /** Puts settings into force and returns the objects that are now complete. */
  objects(rows: Snapshot['rows'], settings: Settings): readonly VoteObject[]
}

/**
 * A partition in memory, for `simulate` and for tests. Evidence and history are not kept, because no decision uses
 * them.
 */
export class MemoryState implements VoteState {
  readonly partition: number
  incarnationBase = 0
  importing = 0
  readonly clock: Clock = { time: -Infinity, settled: true }
  readonly guard: Guard = newGuard()
  readonly settings: Settings
  pending: Pending | null = null
  readonly full: boolean = false
  readonly holds = new Holds()
  readonly #objects = new Map<ObjectId, VoteObject>()
  readonly #schedule = new Schedule()
  readonly #emit: (change: Change) => void
  readonly #read: ReadRows | undefined

  constructor(emit: (change: Change) => void, settings = new Settings(), partition = 0, read?: ReadRows) {
    this.#emit = emit
    this.#read = read
    this.settings = settings
    this.partition = partition
  }

  load(id: ObjectId): VoteObject | undefined {
    return this.#objects.get(id)
  }

  create(...of: ConstructorParameters<typeof VoteObject>): VoteObject {
    return this.#add(new VoteObject(...of))
  }

  #add(object: VoteObject): VoteObject {
    this.#objects.set(object.id, object)
    return object
  }

  drop(object: VoteObject): void {
    this.#objects.delete(object.id)
    this.#schedule.arm(object.id, Infinity)
  }

  arm(object: VoteObject, due: number): void {
    object.armed = due
    this.#schedule.arm(object.id, due)
  }

  armHeld(id: ObjectId, until: number): void {
    this.#schedule.arm(id, until)
  }

  firstDue(until: number) {
    return this.#schedule.first(until)
  }

  ids(after: ObjectId | undefined): Iterable<ObjectId> {
    const ids = [...this.#objects.keys()].sort(compareUtf8)
    return after === undefined ? ids : ids.filter((id) => compareUtf8(id, after) > 0)
  }

  mayHold(id: ObjectId, agent: AgentId): boolean {
    const object = this.#objects.get(id)
    return object !== undefined && placeOf(object, agent) >= 0
  }

  beginImport({ base, time, known, stale, snapshots, layout }: Resharded): string | undefined {
    const refused = this.#read === undefined ? 'snapshots cannot be read here' : this.#read.refuses(layout)
    if (refused !== undefined) return refused
    this.incarnationBase = base
    this.importing = snapshots
    Object.assign(this.clock, { time, settled: true })
    Object.assign(this.guard, newGuard(), { known, stale })
    return undefined
  }

  importRows({ rows }: Snapshot): void {
    this.importing--
    for (const object of this.#read!.objects(rows, this.settings)) {
      this.#add(object)
      this.arm(object, object.armed)
    }
  }

  emit(change: Change): void {
    this.#emit(change)
  }

  ruleFault(): void {}
  changed(): void {}
  rowChanged(): void {}
  setEvidence(): void {}
  deleteEvidence(): void {}
  keepHistory(): void {}
  forgetHistory(): void {}
  savePolicy(): void {}
  saveAgent(): void {}
}
