/**
 * ms after which a turn is given although the one before is not over: its reader's caller may be busy with something
 * else.
 */
const TURN_TIMEOUT_MS = 10_000

/** A place in the line; `granted` once it is at the head. */
export interface Turn {
  readonly granted: boolean
  /** Gives it back, or leaves the line. */
  release(): void
}

/**
 * Batches that inflate far take turns, so that a process holds one of them at a time, however many partitions it reads.
 */
export class InflationTurns {
  private readonly line: Place[] = []

  constructor(private readonly timeoutMs = TURN_TIMEOUT_MS) {}

  /** `onGranted` is told when the turn comes, unless it is there at once. */
  take(onGranted: () => void): Turn {
    const place = new Place(this.timeoutMs, onGranted, (left) => this.leave(left))
    this.line.push(place)
    if (this.line.length === 1) place.grant()
    return place
  }

  private leave(place: Place): void {
    const at = this.line.indexOf(place)
    if (at < 0) return
    this.line.splice(at, 1)
    if (at === 0) this.line[0]?.grant()
  }
}

class Place implements Turn {
  granted = false
  private readonly timer: NodeJS.Timeout

  constructor(
    timeoutMs: number,
    private readonly onGranted: () => void,
    private readonly onRelease: (place: Place) => void,
  ) {
    this.timer = setTimeout(() => this.grant(), timeoutMs).unref()
  }

  grant(): void {
    clearTimeout(this.timer)
    if (this.granted) return
    this.granted = true
    this.onGranted()
  }

  release(): void {
    clearTimeout(this.timer)
    this.onRelease(this)
  }
}
