import { type Clock, systemClock } from '../clock'

/** A signal that a loop waits for; ringing before the wait is not lost. */
export class Bell {
  private rung = false
  private wake: (() => void) | undefined

  constructor(private readonly clock: Clock = systemClock) {}

  ring(): void {
    this.rung = true
    this.wake?.()
  }

  /** Resolves when rung, or after `ms` by the clock, or when `other` settles, whichever is first. */
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
        cancel?.()
        this.wake = undefined
        this.rung = false
        resolve()
      }
      this.wake = done
      const cancel = ms === Infinity ? undefined : this.clock.after(ms, done)
      other?.then(done, done)
    })
  }
}
