/** A signal that a loop waits for; ringing before the wait is not lost. */
export class Bell {
  private rung = false
  private wake: (() => void) | undefined

  ring(): void {
    this.rung = true
    this.wake?.()
  }

  /** Resolves when rung, or after `ms`, or when `other` settles, whichever is first. */
  wait(ms: number, other?: Promise<unknown>): Promise<void> {
    if (this.rung) {
      this.rung = false
      return Promise.resolve()
    }
    return new Promise((resolve) => {
      let settled = false
      const done = (): void => {
        // A promise waited for before may settle now: it must not disturb a later wait.
        if (settled) return
        settled = true
        clearTimeout(timer)
        this.wake = undefined
        this.rung = false
        resolve()
      }
      const timer = ms === Infinity ? undefined : setTimeout(done, Math.min(Math.max(0, ms), 2 ** 31 - 1))
      this.wake = done
      other?.then(done, done)
    })
  }
}
