import type { Clock } from '@quorate/streams'
import type { LaneHead } from './endpoint-queue'
import type { Settlement } from './settle'

/** An outcome that could not be written, and whose it is. Its lane waits. */
export interface Unwritten {
  readonly head: LaneHead
  readonly settlement: Settlement
  /** Times that writing it has failed. */
  readonly failures: number
}

const PAUSE = { first: 1_000, cap: 60_000 }

/**
 * Outcomes that could not be written because of a fault in this process. (A lost task is not one: its new owner sends
 * again.) They are kept and written later, after pauses that double, so what was sent is not sent again. If the process
 * ends before that, it is sent again with the same id.
 */
export class UnwrittenOutcomes {
  private readonly waiting = new Map<Unwritten, () => void>()

  constructor(
    private readonly clock: Clock,
    private readonly write: (unwritten: Unwritten) => void,
  ) {}

  get size(): number {
    return this.waiting.size
  }

  /** Answers after how many ms it will be tried again. */
  add(unwritten: Unwritten): number {
    const pause = Math.min(PAUSE.cap, PAUSE.first * 2 ** Math.min(unwritten.failures - 1, 20))
    this.waiting.set(
      unwritten,
      this.clock.after(pause, () => this.tryNow(unwritten)),
    )
    return pause
  }

  /** The task of a partition began or ceased to run here: what waits for it is tried at once. */
  hurry(partition: number): void {
    for (const unwritten of [...this.waiting.keys()])
      if (unwritten.head.task.partition === partition) this.tryNow(unwritten)
  }

  /** Forgets them: they lie in the outbox, and are sent again after the next start. */
  close(): void {
    for (const cancel of this.waiting.values()) cancel()
    this.waiting.clear()
  }

  private tryNow(unwritten: Unwritten): void {
    this.waiting.get(unwritten)?.()
    if (this.waiting.delete(unwritten)) this.write(unwritten)
  }
}
