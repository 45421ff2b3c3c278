import {
  LIMITS,
  type AgentId,
  type Cause,
  type ObjectId,
  type Resharded,
  type Snapshot,
  type SourceCommand,
} from '@quorate/contracts'
import { beginBroadcast, type BroadcastCommand, type Sweep } from './broadcast'
import { deadlineAfter } from './deadline'
import { evaluate } from './evaluate'
import { DeadlineFault } from './holds'
import { placeOf } from './object'
import { clearOverride, deleteObject, setOverride } from './override'
import type { VoteState } from './port'
import { applyReport, loaded, type Applied } from './report'
import { removeRow } from './rows'
import type { Moment } from './voted'

/** The position of a broadcast whose sweep over the objects was cut. */
interface Cursor {
  readonly offset: number
  readonly sweep: Sweep
  after: ObjectId | undefined
}

/**
 * The fold over the records of one partition (vote.md 1): for each record first `advance`, then `apply`. Either may
 * return that it was cut, if the state is full after an evaluation. The caller then commits what is staged and passes
 * the same record again, to this instance or, after a crash, to another. The record is applied from its start, except
 * for objects of a broadcast that were already evaluated. Repeating what was already done changes nothing.
 */
export class Fold {
  readonly #state: VoteState
  #cursor: Cursor | undefined

  constructor(state: VoteState) {
    this.#state = state
  }

  /** The time of a record: the largest append time seen so far. */
  timeOf(appended: number): number {
    return Math.max(appended, this.#state.clock.time)
  }

  /**
   * Advances time to `timeOf(appended)`: every deadline up to it fires in order, each evaluated at its own time.
   * `offset`: of the record that advances stream time. Returns false if it was cut.
   */
  advance(appended: number, offset: number): boolean {
    const state = this.#state
    const { clock } = state
    if (clock.time === -Infinity) state.settings.knownFrom = offset
    // Imported objects have deadlines in the time between. They fire once the import is complete.
    if (state.importing > 0) return true
    const time = this.timeOf(appended)
    for (let due = state.firstDue(time); due !== undefined; due = state.firstDue(time)) {
      this.#fire(due.id, due.due, offset)
      if (state.full && state.firstDue(time) !== undefined) return false
    }
    clock.time = time
    clock.settled = true
    return true
  }

  /** @throws DeadlineFault if the object cannot be evaluated. */
  #fire(id: ObjectId, due: number, offset: number): void {
    const { holds } = this.#state
    const until = holds.size === 0 ? undefined : holds.until(id)
    if (until !== undefined && due < until) {
      this.#state.armHeld(id, until)
      return
    }
    try {
      this.#fireObject(id, due, offset)
    } catch (error) {
      throw new DeadlineFault(id, error)
    }
    if (until !== undefined) holds.release(id)
  }

  #fireObject(id: ObjectId, due: number, offset: number): void {
    const state = this.#state
    const { clock } = state
    const object = state.load(id)
    if (object === undefined) throw new Error(`the schedule contains ${JSON.stringify(id)}, which does not exist`)
    // Armed times may be early. A due time that has already fired must be: the object is not evaluated at it again,
    // because a partly applied policy may have changed the result.
    const isEarly = due < clock.time || (due === clock.time && clock.settled)
    if (isEarly) {
      loaded(state, id, clock.time)
      state.arm(object, Math.max(deadlineAfter(object, clock.time), clock.time + 1))
      return
    }
    object.armed = Infinity
    clock.time = due
    clock.settled = false
    evaluate(state, object, { now: due, offset }, { cause: 'vote', type: 'deadline' })
    if (object.armed === Infinity && state.load(id) !== undefined) state.arm(object, Infinity)
  }

  /**
   * Corrects an armed time that is early, because a refresh of a report does not update the schedule. Returns false if
   * the time is right. Evaluates nothing.
   */
  postpone(id: ObjectId, armed: number): boolean {
    const state = this.#state
    const object = loaded(state, id, state.clock.time)
    if (object === undefined) throw new Error(`the schedule contains ${JSON.stringify(id)}, which does not exist`)
    const due = deadlineAfter(object, state.clock.time)
    if (due <= armed) return false
    state.arm(object, due)
    return true
  }

  /**
   * Evaluates, at the present time, an object whose stored reports turned out to differ from those it was evaluated
   * with.
   */
  review(id: ObjectId, offset: number): void {
    const state = this.#state
    const now = state.clock.time
    const object = loaded(state, id, now)
    if (object !== undefined) evaluate(state, object, { now, offset }, { cause: 'vote', type: 'deadline' })
  }

  /** Applies a command at the present time. Call `advance` first. */
  apply(command: SourceCommand, offset: number): Applied | 'cut' {
    const state = this.#state
    const moment: Moment = { now: state.clock.time, offset }
    switch (command.type) {
      case 'report':
        return applyReport(state, command.object, command.data, moment)
      case 'leave':
        return this.#remove(command.object, command.data.agent, 'agent-left', command.type, moment)
      case 'report-removed':
        return this.#remove(command.object, command.data.agent, 'report-removed', command.type, moment)
      case 'override-set':
        return setOverride(state, command.object, command.data, moment)
      case 'override-cleared':
        return clearOverride(state, command.object, command.data, moment)
      case 'object-deleted':
        return deleteObject(state, command.object, command.data.ifMatch, moment)
      case 'resharded':
        return this.#beginImport(command.data, offset)
      case 'snapshot':
        return importSnapshot(state, command.data)
      case 'tick':
        return 'applied'
      default:
        return this.#broadcast(command, moment)
    }
  }

  #beginImport(resharded: Resharded, offset: number): Applied {
    if (offset !== 0) return { reject: 'resharded must be the first record of a partition' }
    const refused = this.#state.beginImport(resharded)
    return refused === undefined ? 'applied' : { reject: refused }
  }

  #remove(id: ObjectId, agent: AgentId, cause: Cause, type: string, moment: Moment): Applied {
    const state = this.#state
    const object = loaded(state, id, moment.now)
    const place = object === undefined ? -1 : placeOf(object, agent)
    if (object === undefined || place < 0) return 'nothing'
    removeRow(state, object, place)
    evaluate(state, object, moment, { cause, type, agent })
    return 'applied'
  }

  #broadcast(command: BroadcastCommand, moment: Moment): Applied | 'cut' {
    const state = this.#state
    const { offset } = moment
    if (this.#cursor?.offset !== offset) {
      const sweep = beginBroadcast(state, command, offset)
      if (sweep === 'nothing' || 'reject' in sweep) return sweep
      const pending = state.pending?.offset === offset ? state.pending : null
      this.#cursor = { offset, sweep, after: pending?.after ?? undefined }
    }
    if (!this.#sweep(this.#cursor, moment)) {
      state.pending = { offset, before: state.pending?.before ?? null, after: this.#cursor.after ?? null }
      return 'cut'
    }
    this.#cursor = undefined
    state.pending = null
    return 'applied'
  }

  /** Evaluates the objects that the broadcast can affect, in order of id. Returns false if it was cut. */
  #sweep(cursor: Cursor, moment: Moment): boolean {
    const state = this.#state
    const { sweep } = cursor
    for (const id of state.ids(cursor.after)) {
      if (!sweep.touches(id)) continue
      const object = loaded(state, id, moment.now)
      if (object === undefined) continue
      sweep.prepare?.(object)
      evaluate(state, object, moment, sweep.origin)
      cursor.after = id
      if (state.full) return false
    }
    return true
  }
}

function importSnapshot(state: VoteState, snapshot: Snapshot): Applied {
  if (state.importing === 0) return { reject: 'a snapshot may only follow the record resharded' }
  const refused = refusedRow(snapshot)
  // Count it even if refused: time does not advance until all snapshots have come.
  state.importRows(refused === undefined ? snapshot : { rows: [] })
  return refused === undefined ? 'applied' : { reject: refused }
}

/** A store never writes rows above these limits. */
function refusedRow({ rows }: Snapshot): string | undefined {
  const { rowKeyBytes, rowBytes } = LIMITS
  for (const [place, [, key, value]] of rows.entries()) {
    if (Buffer.byteLength(key) > rowKeyBytes) return `/rows/${place}/1: must be at most ${rowKeyBytes} bytes`
    if (Buffer.byteLength(value, 'base64') > rowBytes) return `/rows/${place}/2: must be at most ${rowBytes} bytes`
  }
  return undefined
}
