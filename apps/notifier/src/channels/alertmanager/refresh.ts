/** Does something again and again while it is wanted; never twice at once, and a failure ends nothing. */
export class Refresh {
  private timer: NodeJS.Timeout | undefined
  private running = false

  constructor(
    private readonly everyMs: number,
    private readonly work: () => Promise<void>,
  ) {}

  want(wanted: boolean): void {
    if (!wanted) this.close()
    else this.timer ??= setInterval(() => void this.run(), this.everyMs).unref()
  }

  close(): void {
    clearInterval(this.timer)
    this.timer = undefined
  }

  private async run(): Promise<void> {
    if (this.running) return
    this.running = true
    try {
      await this.work()
    } finally {
      this.running = false
    }
  }
}
