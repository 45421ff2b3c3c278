import type { Conditions } from '../conditions'
import type { Offset } from '@quorate/log'
import type { Task } from '../task/task'

export interface WatchOptions {
  readonly conditions: Conditions
  readonly tasks: () => readonly Task[]
  /** The group surely counts on this member. */
  readonly sure: () => boolean
  /** ms without progress, while there is something to do, until `live` is false. */
  readonly stalledMs: number
  /** Wall time, ms. */
  readonly now: () => number
}

/** ms between two looks. */
const EVERY = 1_000
/** ms that the group may be silent before that is named. */
const UNHEARD = 10_000
/** ms that the time of a partition may be ahead of this host's clock before that is named. */
const AHEAD = 60_000

/** Looks whether the tasks get on, and names what does not. */
export class HealthWatch {
  private readonly timer: NodeJS.Timeout
  private sureAt = performance.now()
  private readonly stalled = new Map<number, string>()

  constructor(private readonly options: WatchOptions) {
    this.timer = setInterval(() => this.look(), EVERY).unref()
  }

  stop(): void {
    clearInterval(this.timer)
  }

  /** Ends of the source, as they have just been looked up: records may wait that the reader does not bring. */
  saw(ends: readonly { readonly partition: number; readonly end: Offset }[]): void {
    for (const task of this.options.tasks()) {
      const found = ends.find(({ partition }) => partition === task.partition)
      if (found && task.state === 'running') task.progress.saw(found.end)
    }
  }

  /** Also before health is told, so that it is what is so now. */
  look(): void {
    const now = performance.now()
    this.hear(now)
    const tasks = this.options.tasks()
    // Restores wait for each other: as long as one of them gets on, none is stalled.
    const restoredAt = Math.max(0, ...tasks.map(({ progress }) => progress.restoredAt))
    for (const task of tasks) {
      this.judge(task, now, restoredAt)
      this.compareTimes(task)
    }
    for (const partition of this.stalled.keys())
      if (!tasks.some((task) => task.partition === partition)) this.clear(partition)
  }

  private judge({ partition, state, trouble, progress }: Task, now: number, restoredAt: number): void {
    trouble.look()
    const waiting = progress.waitingSince ?? Infinity
    const isRestoring = state !== 'running' && trouble.failure === undefined
    const since = Math.min(isRestoring ? Math.max(waiting, restoredAt) : waiting, trouble.since)
    if (now - since <= this.options.stalledMs) return this.clear(partition)
    if (trouble.failure !== undefined) {
      this.clear(partition)
      trouble.stall()
      return
    }
    const code = this.options.sure() ? 'STREAMS_STALLED' : 'LOG_UNAVAILABLE'
    if (this.stalled.get(partition) !== code) this.clear(partition)
    this.stalled.set(partition, code)
    const what = state === 'running' ? 'no record has been applied' : 'the restore has not got on'
    this.options.conditions.raise({
      code,
      partition,
      position: progress.position,
      reason: `${what} for ${Math.round((now - since) / 1000)} s, though there is something to do`,
      blocks: ['live', 'ready'],
    })
  }

  /**
   * Time is the log's own and never goes back: after a record with a time far ahead, what should expire does not until
   * it has come.
   */
  private compareTimes({ partition, progress }: Task): void {
    const { conditions, now } = this.options
    const ahead = progress.time - now()
    if (ahead <= AHEAD) return conditions.clear({ code: 'STREAMS_TIME_AHEAD', partition })
    conditions.raise({
      code: 'STREAMS_TIME_AHEAD',
      partition,
      position: progress.position,
      reason: `the time of the log is ${Math.round(ahead / 1000)} s ahead of this host's clock: votes of silent agents expire late by so much`,
      // Everything else goes on, and waiting mends it.
      blocks: [],
    })
  }

  private clear(partition: number): void {
    const code = this.stalled.get(partition)
    if (code === undefined) return
    this.stalled.delete(partition)
    this.options.conditions.clear({ code, partition })
  }

  private hear(now: number): void {
    const { conditions, sure, stalledMs } = this.options
    if (sure()) this.sureAt = now
    const silent = now - this.sureAt
    if (silent < Math.min(UNHEARD, stalledMs)) return conditions.clear({ code: 'LOG_UNAVAILABLE' })
    conditions.raise({
      code: 'LOG_UNAVAILABLE',
      reason: `the group has not been heard for ${Math.round(silent / 1000)} s: the brokers are out of reach, or do not answer`,
      // Reads are still answered, marked as unconfirmed.
      blocks: silent >= stalledMs ? ['live'] : [],
    })
  }
}
