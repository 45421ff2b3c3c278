import { type RunningTask, StreamsError } from '@quorate/streams'
import type { PlannedDelivery } from '../rows/rows'
import { settle, type Settlement } from './settle'

interface Waiting {
  readonly settlement: Settlement
  readonly resolve: (planned: readonly PlannedDelivery[]) => void
  readonly reject: (error: unknown) => void
}

/** ms that outcomes gather for each one of the commit before: a commit costs as much as ten of them. */
const GATHER = 5
const GATHER_CAP = 100

/**
 * Writes outcomes: those that come within one turn of the event loop, or soon after others were written, are one piece
 * of work of their task. What has been waiting for a commit may be sent again after a crash, with the same id.
 */
export class OutcomeWriter {
  private readonly waiting = new Map<RunningTask, Waiting[]>()
  /** `performance.now()` at which the next commit of a task may begin. */
  private readonly notBefore = new WeakMap<RunningTask, number>()

  constructor(private readonly gatherMs = GATHER) {}

  /**
   * Resolves with what the outcome planned, once it is committed.
   * @throws StreamsError when the task went away: nothing is written then
   */
  write(task: RunningTask, settlement: Settlement): Promise<readonly PlannedDelivery[]> {
    let list = this.waiting.get(task)
    if (!list) {
      this.waiting.set(task, (list = []))
      const wait = (this.notBefore.get(task) ?? 0) - performance.now()
      if (wait > 0) setTimeout(() => this.flush(task), wait)
      else setImmediate(() => this.flush(task))
    }
    const { promise, resolve, reject } = Promise.withResolvers<readonly PlannedDelivery[]>()
    list.push({ settlement, resolve, reject })
    return promise
  }

  private flush(task: RunningTask): void {
    const list = this.waiting.get(task)!
    this.waiting.delete(task)
    this.notBefore.set(task, performance.now() + Math.min(GATHER_CAP, this.gatherMs * list.length))
    void submit(task, list)
  }
}

async function submit(task: RunningTask, list: readonly Waiting[]): Promise<void> {
  try {
    const planned = await task.submit((context) => list.map(({ settlement }) => settle(context, settlement)))
    list.forEach(({ resolve }, i) => resolve(planned[i]!))
  } catch (error) {
    // One that cannot be written must not take the others with it.
    if (list.length > 1 && !StreamsError.is(error)) for (const one of list) void submit(task, [one])
    else for (const { reject } of list) reject(error)
  }
}
