import type { Offset } from '@quorate/log'
import { StreamsError } from './errors'
import { PositionWaiters } from './position-waiters'
import type { RunningTask } from './streams'

/** How far a task is, and who waits for it to get further. */
export class TaskProgress {
  position: Offset = 0
  end: Offset = 0
  /** Largest append time applied, ms. */
  time = 0
  restore: RunningTask['restore'] = { restored: 0, total: 0 }
  /** Wall time of the last thing that moved. */
  movedAt: number
  private restoredTo: Offset = 0
  private readonly waiters = new PositionWaiters()

  constructor(private readonly now: () => number) {
    this.movedAt = now()
  }

  get lag(): number {
    return Math.max(0, this.end - this.position)
  }

  /** Everything below `position` has been applied. */
  moveTo(position: Offset): void {
    this.position = position
    this.end = Math.max(this.end, position)
    this.restoredTo = 0
    this.moved()
    this.waiters.advance(position)
  }

  /** A restore has read up to here. What was read before does not count again: one that fails over and over makes no progress. */
  restoring(at: Offset): void {
    if (at <= this.restoredTo) return
    this.restoredTo = at
    this.moved()
  }

  /** What was restored is gone: the next restore begins at the beginning. */
  lost(): void {
    this.restoredTo = 0
  }

  moved(): void {
    this.movedAt = this.now()
  }

  reached(offset: Offset, timeoutMs: number): Promise<void> {
    return this.waiters.wait(offset, timeoutMs)
  }

  close(error: StreamsError): void {
    this.waiters.close(error)
  }
}
