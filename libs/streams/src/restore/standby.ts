import type { Log, Logger, Offset } from '@quorate/log'
import type { BulkLoader, PartitionStores, TableReader } from '@quorate/state-store'
import { catchUp } from './catch-up'
import type { Clock } from '../clock'
import type { Conditions } from '../conditions'
import { StreamsError } from '../errors'
import { closeStore, discardIfDamaged, fitStore, type LocalStore } from './local-store'
import type { Semaphore } from './semaphore'
import { tail } from './standby-tail'
import type { RunningTask, TaskState } from '../streams'
import { checkTransition } from '../progress/task-life'
import { TaskProgress } from '../progress/task-progress'
import { TaskTrouble } from '../progress/task-trouble'
import type { Topology } from '../topology'

export interface StandbyOptions {
  readonly partition: number
  readonly topology: Topology
  readonly log: Log
  readonly logger: Logger
  readonly clock: Clock
  readonly conditions: Conditions
  /** The same file as the active task's: who becomes active has it in place. */
  readonly file: string
  /** Bounds how many standbys load at once. */
  readonly restores: Semaphore
  readonly stores: PartitionStores
  readonly loader: BulkLoader
  /** Stable end of the partition's source, as seen a moment ago; undefined when that is not known. */
  readonly sourceEnd: () => Offset | undefined
  readonly onChange: (standby: Standby) => void
}

/**
 * Follows a partition's changelog into the local file, so that this instance can take the partition over without a
 * restore. It stays in `restoring`: catch up to the end once, then tail. It writes nothing to the log and holds no
 * fence.
 */
export class Standby implements RunningTask {
  readonly partition: number
  readonly role = 'standby'
  readonly owned = false
  state: TaskState = 'created'
  readonly progress = new TaskProgress()
  private readonly trouble: TaskTrouble
  private local: LocalStore | undefined
  private wasAtEnd = false
  private reachedPosition = 0
  private readonly closing = new AbortController()
  /** Aborted with the damage that a reader met. */
  private following = new AbortController()
  private ended: Promise<void> | undefined

  constructor(private readonly options: StandbyOptions) {
    this.partition = options.partition
    this.trouble = new TaskTrouble({
      ...options,
      role: this.role,
      progress: this.progress,
      signal: this.closing.signal,
    })
  }

  get readable(): boolean {
    return this.wasAtEnd && this.local !== undefined
  }
  get position(): Offset {
    return this.progress.position
  }
  get lag(): number {
    return Math.max(0, (this.options.sourceEnd() ?? Infinity) - this.position)
  }
  get time(): number {
    return this.progress.time
  }
  get restore(): RunningTask['restore'] {
    return this.progress.restore
  }
  get restarts(): number {
    return this.trouble.restarts
  }
  get changelogPosition(): Offset {
    return this.local?.store.changelogPosition ?? this.reachedPosition
  }

  start(): void {
    this.ended = this.live()
  }

  table(name: string): TableReader {
    if (!this.readable)
      throw new StreamsError('STREAMS_NOT_RUNNING', `the standby of partition ${this.partition} is still catching up`)
    return this.local!.store.committed(name)
  }

  isDamage(error: unknown): boolean {
    if (!this.options.stores.isDamage(error)) return false
    this.following.abort(error)
    return true
  }

  reached(offset: Offset, timeoutMs: number): Promise<void> {
    if (this.state === 'closed') return Promise.reject(this.closedError())
    if (this.readable && this.position > offset) return Promise.resolve()
    return this.progress.reached(offset, timeoutMs)
  }

  submit<T>(): Promise<T> {
    return Promise.reject(
      new StreamsError('STREAMS_NOT_OWNER', `this instance only stands by for partition ${this.partition}`),
    )
  }

  /** Stops following; the open store goes to who becomes active. */
  async release(): Promise<LocalStore | undefined> {
    this.closing.abort()
    await this.ended
    this.trouble.end()
    this.reachedPosition = this.changelogPosition
    const { local } = this
    this.local = undefined
    this.state = 'closed'
    this.progress.close(this.closedError())
    this.options.onChange(this)
    return local
  }

  async close(): Promise<void> {
    const local = await this.release()
    if (local) closeStore(local, this.options.logger)
  }

  private async live(): Promise<void> {
    const { signal } = this.closing
    this.become('restoring')
    while (!signal.aborted) {
      try {
        await this.follow(() => this.trouble.end())
      } catch (error) {
        if (signal.aborted) break
        this.wasAtEnd = false
        const isRemoved = discardIfDamaged(error, this.local, this.options)
        if (isRemoved) {
          this.local = undefined
          this.progress.lost()
        }
        await this.trouble.failed(error as Error, isRemoved)
      }
    }
  }

  private async follow(onMoved: () => void): Promise<void> {
    const { log, topology, partition, clock } = this.options
    const { signal: damaged } = (this.following = new AbortController())
    const signal = AbortSignal.any([this.closing.signal, damaged])
    const question = { ...this.options, local: this.local, fenced: false, now: clock.now(), signal }
    const { local, changelogEnd } = await fitStore(question)
    this.local = local
    await catchUp({
      ...this.options,
      local,
      end: changelogEnd,
      signal,
      progress: this.progress,
      hold: (held) => {
        this.reachedPosition = this.changelogPosition
        this.local = held
      },
    })
    this.moved()
    await tail({
      log,
      logger: this.options.logger,
      store: this.local.store,
      changelog: topology.changelog,
      partition,
      signal,
      now: () => clock.now(),
      onMoved: (atEnd) => {
        onMoved()
        this.moved()
        if (!atEnd || this.wasAtEnd) return
        this.wasAtEnd = true
        this.options.onChange(this)
      },
    })
    damaged.throwIfAborted()
  }

  private moved(): void {
    const checkpoint = this.local?.store.checkpoint
    if (!checkpoint) return
    this.progress.time = checkpoint.time
    this.progress.moveTo(checkpoint.source)
  }

  private become(state: TaskState): void {
    checkTransition(this.state, state)
    this.state = state
    this.options.onChange(this)
  }

  private closedError(): StreamsError {
    return new StreamsError('STREAMS_TASK_CLOSED', `the standby of partition ${this.partition}`)
  }
}
