import type { TaskContext } from './context'

interface Submission {
  readonly work: (context: TaskContext) => unknown
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

/** Work that waits to be run as part of the task's own sequence. What was in a commit that failed is run again. */
export class Submissions {
  private queue: Submission[] = []
  private inHand: Submission[] = []

  get waiting(): boolean {
    return this.queue.length > 0
  }

  add<T>(work: (context: TaskContext) => T): Promise<T> {
    return new Promise<T>((resolve, reject) =>
      this.queue.push({ work, resolve: resolve as (value: unknown) => void, reject }),
    )
  }

  /**
   * Runs all that waits, staging together. One that throws is refused alone: `drop` unstages everything and the others run again.
   * Answers how to settle them once the commit is through.
   */
  run(context: TaskContext, drop: () => void): { ran: number; resolve: () => void } {
    this.inHand = this.queue
    this.queue = []
    for (;;) {
      const answers: unknown[] = []
      let failed: Submission | undefined
      for (const submission of this.inHand) {
        try {
          answers.push(submission.work(context))
        } catch (error) {
          failed = submission
          submission.reject(error)
          break
        }
      }
      if (!failed) {
        const resolve = (): void => {
          const settled = this.inHand
          this.inHand = []
          settled.forEach((submission, i) => submission.resolve(answers[i]))
        }
        return { ran: this.inHand.length, resolve }
      }
      drop()
      this.inHand = this.inHand.filter((submission) => submission !== failed)
    }
  }

  /** The commit failed: what was in it waits again. */
  retry(): void {
    this.queue = [...this.inHand, ...this.queue]
    this.inHand = []
  }

  close(error: Error): void {
    for (const submission of [...this.inHand, ...this.queue]) submission.reject(error)
    this.inHand = []
    this.queue = []
  }
}
