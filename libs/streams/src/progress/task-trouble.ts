import type { Logger } from '@quorate/log'
import { Backoff, CAPS } from './backoff'
import type { ConditionId, Conditions } from '../conditions'
import { failureOf } from './failures'
import type { TaskProgress } from './task-progress'

export interface TroubleOptions {
  readonly partition: number
  readonly role: 'active' | 'standby'
  readonly logger: Logger
  readonly conditions: Conditions
  readonly progress: TaskProgress
  readonly signal: AbortSignal
}

/** ms that errors may go on which rebalances and elections bring, before they are a condition. */
const EXPECTED = 10_000
/** ms that a task must have run with nothing to apply to be well again: what fails at its start has failed by then. */
const WELL_AFTER = 2_000

/**
 * What keeps a task from getting on, over all its tries. A task that begins again and ends at the same place is not
 * well in between: only progress ends its trouble, or having nothing to do for a while. Until then its condition
 * stands, and the pauses grow.
 */
export class TaskTrouble {
  /** Why it is not running, when it should. */
  failure: Error | undefined
  /** Times that it has failed and begun again. */
  restarts = 0
  /** `performance.now()` of the first failure since there was progress. */
  since = Infinity
  private condition: ConditionId | undefined
  private stalled = false
  private appliedBefore = 0
  private restoredBefore = 0
  private runningSince: number | undefined
  private hasRun = false
  private readonly backoff: Backoff

  constructor(private readonly options: TroubleOptions) {
    this.backoff = new Backoff(options.signal)
  }

  /**
   * Names the failure, and waits before the next try. `handled`: its cause has been removed, so the next try is
   * another.
   */
  async failed(error: Error, handled = false): Promise<void> {
    const { logger, partition, role, progress } = this.options
    const { code, expected } = failureOf(error)
    this.look()
    const isFirst = this.failure === undefined || this.hasRestored
    if (isFirst) {
      this.since = performance.now()
      this.backoff.reset()
    }
    this.failure = error
    this.restarts++
    this.appliedBefore = progress.applied
    this.restoredBefore = progress.restoredMoves
    this.runningSince = undefined
    progress.begin()
    const isLasting = performance.now() - this.since >= EXPECTED
    const cap = expected ? CAPS.log : CAPS.other
    const retryInMs = this.backoff.next(cap)
    if ((!expected && !handled) || isLasting || this.condition) this.raise(error)
    // The condition has lines of its own.
    else
      logger[isFirst && code !== 'LOG_IDENTITY_EXPIRED' ? 'warn' : 'debug'](
        { partition, role, code, reason: error.message, retryInMs },
        'a task has failed and begins again from what the log holds; nothing is lost',
      )
    await this.backoff.wait(cap)
  }

  /** Its cause has been dealt with: the next try is not to be waited for. */
  tryNow(): void {
    this.backoff.hurry()
  }

  /** The task runs; whether it is well shows later. */
  runs(): void {
    this.runningSince = performance.now()
    this.hasRun = true
  }

  /** Asked now and then: ends the trouble when it is over. */
  look(): void {
    if (this.failure !== undefined && this.isOver) this.end()
  }

  /** It has lasted so long that a restart may help. */
  stall(): void {
    if (this.stalled || this.failure === undefined) return
    this.stalled = true
    this.raise(this.failure)
  }

  end(): void {
    this.failure = undefined
    this.stalled = false
    this.since = Infinity
    if (this.condition) this.options.conditions.clear(this.condition)
    this.condition = undefined
  }

  private get isOver(): boolean {
    const { progress } = this.options
    if (this.runningSince === undefined) return false
    if (progress.applied > this.appliedBefore) return true
    return progress.lag === 0 && performance.now() - this.runningSince >= WELL_AFTER
  }

  /** Before a task has run, its restore is what gets on. */
  private get hasRestored(): boolean {
    return !this.hasRun && this.options.progress.restoredMoves > this.restoredBefore
  }

  private raise(error: Error): void {
    const { conditions, partition, role, progress } = this.options
    const { code, title } = failureOf(error)
    const subject = role === 'standby' ? { subject: 'standby' } : {}
    const id = { code, partition, ...subject }
    if (this.condition && this.condition.code !== code) conditions.clear(this.condition)
    this.condition = id
    const what = role === 'standby' ? 'the standby does not follow' : 'the partition has stopped'
    conditions.raise(
      {
        ...id,
        ...(this.hasRun ? { position: progress.position } : {}),
        reason: `${what} and is tried again at growing intervals; nothing is lost: ${title}`,
        detail: error.message,
        blocks: role === 'standby' ? [] : this.stalled ? ['live', 'ready'] : ['ready'],
      },
      error,
    )
  }
}
