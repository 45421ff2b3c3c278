import { type RunningTask, StreamsError } from '@quorate/streams'
import type { Planned } from '../outbox/plan'
import { settle, type Settlement } from './settle'

interface Waiting {
  readonly settlement: Settlement
  readonly resolve: (planned: readonly Planned[]) => void
  readonly reject: (error: unknown) => void
}

/** Writes outcomes: those that come within one turn of the event loop are one piece of work of their task. */
export class Outcomes {
  private waiting = new Map<RunningTask, Waiting[]>()

  /**
   * Resolves with what the outcome planned, once it is committed.
   * @throws StreamsError when the task went away: nothing is written then
   */
  write(task: RunningTask, settlement: Settlement): Promise<readonly Planned[]> {
    if (this.waiting.size === 0) setImmediate(() => this.flush())
    let list = this.waiting.get(task)
    if (!list) this.waiting.set(task, (list = []))
    const { promise, resolve, reject } = Promise.withResolvers<readonly Planned[]>()
    list.push({ settlement, resolve, reject })
    return promise
  }

  private flush(): void {
    const turn = this.waiting
    this.waiting = new Map()
    for (const [task, list] of turn) void submit(task, list)
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
