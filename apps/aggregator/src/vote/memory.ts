import { compareUtf8, type AgentId, type Change, type ObjectId } from '@quorate/contracts'
import { newGuard, type Guard } from './guard'
import { placeOf, type VoteObject } from './object'
import type { Clock, Pending, VoteState } from './port'
import { Schedule } from './schedule'
import { Settings } from './settings'

/** A partition in memory: for `simulate` and for tests. Evidence and history are not kept: nothing decides by them. */
export class MemoryState implements VoteState {
  readonly partition: number
  readonly incarnationBase = 0
  readonly clock: Clock = { time: -Infinity, settled: true }
  readonly guard: Guard = newGuard()
  readonly settings: Settings
  pending: Pending | null = null
  readonly full: boolean = false
  readonly #objects = new Map<ObjectId, VoteObject>()
  readonly #schedule = new Schedule()
  readonly #emit: (change: Change) => void

  constructor(emit: (change: Change) => void, settings = new Settings(), partition = 0) {
    this.#emit = emit
    this.settings = settings
    this.partition = partition
  }

  load(id: ObjectId): VoteObject | undefined {
    return this.#objects.get(id)
  }

  add(object: VoteObject): void {
    this.#objects.set(object.id, object)
  }

  drop(object: VoteObject): void {
    this.#objects.delete(object.id)
    this.#schedule.arm(object.id, Infinity)
  }

  arm(object: VoteObject, due: number): void {
    object.armed = due
    this.#schedule.arm(object.id, due)
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

  emit(change: Change): void {
    this.#emit(change)
  }

  changed(): void {}
  rowChanged(): void {}
  setEvidence(): void {}
  deleteEvidence(): void {}
  keepHistory(): void {}
  forgetHistory(): void {}
  savePolicy(): void {}
  saveAgent(): void {}
}
