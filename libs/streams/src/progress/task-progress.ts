import type { Offset } from '@quorate/log'
import { StreamsError } from '../errors'
import { PositionWaiters } from './position-waiters'
import type { RunningTask } from '../streams'

/** How far a task is, since when something waits, and who waits for it to get further. */
export class TaskProgress {
  position: Offset = 0
  /** Largest append time applied, ms. */
  time = 0
  restore: RunningTask['restore'] = { restored: 0, total: 0 }
  /**
   * `performance.now()` since which something has been waiting to be done and nothing has been: records to be applied,
   * or a restore. It counts from when there was something to do, not from the last move: a partition may have been idle
   * for days.
   */
  waitingSince: number | undefined = performance.now()
  /**
   * Times that records were applied, or a restore got further: a retry that ends where the one before it did adds
   * nothing.
   */
  applied = 0
  restoredMoves = 0
  private known: Offset = 0
  private furthest: Offset = 0
  private restoredTo: Offset = 0
  /** `performance.now()` when a restore last got further. */
  restoredAt = 0
  private readonly waiters = new PositionWaiters()

  /** Of the source, as last seen by the reader. */
  get end(): Offset {
    return this.known
  }
  set end(end: Offset) {
    this.known = end
    if (end > this.position) this.waitingSince ??= performance.now()
  }

  get lag(): number {
    return Math.max(0, this.known - this.position)
  }

  /** The end of the source as another looked it up: for `waitingSince` alone. */
  saw(end: Offset): void {
    if (end > this.position) this.waitingSince ??= performance.now()
  }

  /** The task begins to read the source here, which is no progress if it was here before. */
  startAt(position: Offset): void {
    this.furthest = Math.min(this.furthest, position)
    this.moveTo(position)
  }

  /** Everything below `position` has been applied. */
  moveTo(position: Offset): void {
    this.position = position
    this.known = Math.max(this.known, position)
    if (position > this.furthest) {
      this.furthest = position
      this.applied++
      this.waitingSince = this.known > position ? performance.now() : undefined
    } else if (this.known <= position) this.waitingSince = undefined
    this.waiters.advance(position)
  }

  /**
   * A restore has read up to here. What was read before does not count again: one that fails over and over makes no
   * progress.
   */
  restoring(at: Offset): void {
    if (at <= this.restoredTo) return
    this.restoredTo = at
    this.restoredMoves++
    this.restoredAt = this.waitingSince = performance.now()
  }

  /** What is restored is looked at, with the source, however long that is. */
  preparing(): void {
    this.restoredAt = this.waitingSince = performance.now()
  }

  /** What was restored is gone: the next restore begins at the beginning. */
  lost(): void {
    this.restoredTo = 0
  }

  /** It has something to do again: be it to start. */
  begin(): void {
    this.waitingSince ??= performance.now()
  }

  reached(offset: Offset, timeoutMs: number): Promise<void> {
    return this.waiters.wait(offset, timeoutMs)
  }

  close(error: StreamsError): void {
    this.waiters.close(error)
  }
}
