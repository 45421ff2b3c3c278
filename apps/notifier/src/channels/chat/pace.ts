/** Lets one through at a time, `gapMs` apart: chats take one message a second and drop or delay the rest. */
export class Pace {
  private free: Promise<void> = Promise.resolve()
  private last = -Infinity
  private readonly timers = new Set<() => void>()

  constructor(private readonly gapMs: number) {}

  /** Resolves when it is the caller's turn, at once after `close`. */
  turn(): Promise<void> {
    this.free = this.free
      .then(() => this.wait(this.last + this.gapMs - performance.now()))
      .then(() => void (this.last = performance.now()))
    return this.free
  }

  close(): void {
    for (const end of this.timers) end()
    this.timers.clear()
  }

  private wait(ms: number): Promise<void> {
    if (ms <= 0) return Promise.resolve()
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer)
        this.timers.delete(end)
        resolve()
      }
      const timer = setTimeout(end, ms)
      this.timers.add(end)
    })
  }
}
