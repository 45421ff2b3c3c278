import { randomUUID } from 'node:crypto'
import type { BatchContext } from '../batch-context'
import type { TaskContext } from '../context'
import { RecordFault } from '../record-fault'

/** What work is staged in. */
type Staging = TaskContext & Pick<BatchContext, 'begin' | 'drop'>

interface Submission {
  readonly work: (context: TaskContext) => unknown
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

/**
 * Work that waits to be run as part of the task's own sequence, once: also where its commit failed and nobody heard
 * whether it happened.
 */
export class Submissions {
  private queue: Submission[] = []
  private inFlight: Submission[] = []
  private answers: unknown[] = []
  /** Names what is in flight in the checkpoint of its commit. */
  private work: string | undefined

  /** So many of those that wait are run one by one. */
  private singly = 0

  get waiting(): boolean {
    return this.queue.length > 0
  }

  add<T>(work: (context: TaskContext) => T): Promise<T> {
    return new Promise<T>((resolve, reject) =>
      this.queue.push({ work, resolve: resolve as (value: unknown) => void, reject }),
    )
  }

  /** Runs all that waits and commits it under a name; what cannot be committed because of its content is refused. */
  async commitAll(context: Staging, commit: (work: string) => Promise<void>): Promise<void> {
    context.begin()
    const work = this.run(context)
    try {
      if (work !== undefined) await commit(work)
    } catch (error) {
      if (!(error instanceof RecordFault)) throw error
      context.drop()
      this.failed(error.cause)
      if (error.begun) throw error
      return
    }
    this.judge(work)
  }

  /**
   * Runs all that waits, staging together. One that throws is refused alone: everything is dropped and the others run
   * again. Returns the name to commit it by; undefined when nothing is left to commit.
   */
  private run(context: Staging): string | undefined {
    // After a fault each goes alone: the one that fails then is refused, the others are not.
    this.inFlight = this.singly > 0 ? this.queue.slice(0, 1) : this.queue
    this.queue = this.queue.slice(this.inFlight.length)
    if (this.singly > 0) this.singly--
    while (!this.stage(context)) context.drop()
    this.work = this.inFlight.length > 0 ? randomUUID() : undefined
    return this.work
  }

  /**
   * Told the last work that is committed in the log, once that is known: after the commit, or after the task has fenced
   * again and read the truth. What is in flight is settled by it, or waits again.
   */
  judge(committed: string | undefined): void {
    const { inFlight, answers } = this
    this.inFlight = []
    if (this.work !== undefined && this.work === committed) inFlight.forEach(({ resolve }, i) => resolve(answers[i]))
    else this.queue = [...inFlight, ...this.queue]
    this.work = undefined
  }

  /** What was staged together cannot be committed because of its content, and is dropped. */
  private failed(error: unknown): void {
    const { inFlight } = this
    this.inFlight = []
    this.work = undefined
    if (inFlight.length === 1) {
      inFlight[0]!.reject(error)
      return
    }
    this.singly = inFlight.length
    this.queue = [...inFlight, ...this.queue]
  }

  close(error: Error): void {
    for (const submission of [...this.inFlight, ...this.queue]) submission.reject(error)
    this.inFlight = []
    this.queue = []
  }

  /** False when one threw, which is out then. */
  private stage(context: TaskContext): boolean {
    this.answers = []
    for (const submission of this.inFlight) {
      try {
        this.answers.push(submission.work(context))
      } catch (error) {
        submission.reject(error)
        this.inFlight = this.inFlight.filter((other) => other !== submission)
        return false
      }
    }
    return true
  }
}
