/**
 * A moment by both clocks: the monotonic one goes on while a process is frozen, the wall clock also while the machine
 * sleeps.
 */
interface Moment {
  readonly running: number
  readonly wall: number
}

export const momentNow = (): Moment => ({ running: performance.now(), wall: Date.now() })

/**
 * Whether the group still counts on a member's assignment. The coordinator gives it up no sooner than one session
 * timeout after it got the last heartbeat, which is after that was *sent*. Nothing here is a timer: a process that was
 * frozen may answer a request before any timer fires.
 */
export class Session {
  private heardAt: Moment | undefined
  private assigned = false

  constructor(private readonly timeoutMs: number) {}

  get current(): boolean {
    const { heardAt } = this
    if (!this.assigned || !heardAt) return false
    const { running, wall } = momentNow()
    return Math.max(running - heardAt.running, wall - heardAt.wall) < this.timeoutMs
  }

  /** The coordinator answered what was sent then. */
  heard(sentAt: Moment): void {
    this.heardAt = sentAt
  }

  /** A new generation: the others may have their assignment already. */
  regroup(): void {
    this.assigned = false
  }

  assign(): void {
    this.assigned = true
  }
}
