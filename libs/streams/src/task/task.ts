import { LogError, type Logger, type Offset, type Transactor } from '@quorate/log'
import type { BulkLoader, Checkpoint, PartitionStores, TableReader } from '@quorate/state-store'
import { Bell } from './bell'
import { catchUp } from '../restore/catch-up'
import type { TaskContext } from '../context'
import { StreamsError } from '../errors'
import { fence } from './fencing'
import { closeStore, discardIfDamaged, fitStore, type LocalStore } from '../restore/local-store'
import type { Semaphore } from '../restore/semaphore'
import type { RunningTask, TaskState } from '../streams'
import { Submissions } from './submissions'
import { checkTransition } from '../progress/task-life'
import { Isolation } from '../faults/isolation'
import { prepare } from './prepare'
import { RecordFault } from '../record-fault'
import { TaskProgress } from '../progress/task-progress'
import { TaskTrouble } from '../progress/task-trouble'
import { findSource, judgeSource } from './task-start'
import { TaskWork } from './task-work'
import type { WorkOptions } from './work-options'
import { unlessAborted } from '../unless-aborted'

export interface TaskOptions extends WorkOptions {
  readonly logger: Logger
  /** Path of the partition's file, or `:memory:`. */
  readonly file: string
  /** The open store of the standby that this task was until now. */
  readonly local?: LocalStore | undefined
  /** Bounds how many tasks of the process restore at once. */
  readonly restores: Semaphore
  readonly stores: PartitionStores
  readonly loader: BulkLoader
  /** Whether the group surely still counts on this process (`GroupMember.current`). */
  readonly current: () => boolean
  readonly acknowledgedSource?: string | undefined
  readonly onChange: (task: Task) => void
}

/** ms that a task which is closed waits for its commit in flight. */
const LAST_COMMIT = 2_000

/** ms; the longest that a timer takes. */
const FOR_EVER = 2 ** 31 - 1

/**
 * One partition: fenced, restored, then one batch after the other (task-work.ts). Its life is drawn in task-life.ts.
 */
export class Task implements RunningTask {
  readonly partition: number
  readonly role = 'active'
  state: TaskState = 'created'
  readonly progress = new TaskProgress()
  readonly trouble: TaskTrouble
  private local: LocalStore | undefined
  private reachedPosition = 0
  /** It ran, and nothing has been loaded since. */
  private untouched = false
  /** What was applied once. Behind it only where the changelog was lost. */
  private applied = 0
  /** To go on though the source is another log. */
  private acknowledged = false
  private transactor: Transactor | undefined
  private running: TaskWork | undefined
  private readonly submissions = new Submissions()
  private readonly isolation = new Isolation()
  private readonly bell: Bell
  private readonly closing = new AbortController()
  private readonly abandoning = new AbortController()
  private ended: Promise<void> | undefined

  constructor(private readonly options: TaskOptions) {
    this.partition = options.partition
    this.local = options.local
    this.bell = new Bell(options.clock)
    this.trouble = new TaskTrouble({
      ...options,
      role: this.role,
      progress: this.progress,
      signal: this.closing.signal,
    })
  }

  /** Also while the log is away: the rows stay as they were committed until the task has been fenced again. */
  get readable(): boolean {
    const isWhole = this.state === 'running' && this.position >= this.applied
    return this.local !== undefined && (isWhole || this.untouched)
  }
  get owned(): boolean {
    return this.state !== 'closed' && !this.closing.signal.aborted && this.options.current()
  }
  get position(): Offset {
    return this.progress.position
  }
  get lag(): number {
    return this.progress.lag
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
    if (!this.readable) throw new StreamsError('STREAMS_NOT_RUNNING', `partition ${this.partition}`)
    return this.local!.store.committed(name)
  }

  acknowledgeSource(): boolean {
    if (this.state === 'running') return false
    if (!StreamsError.is(this.trouble.failure, 'STREAMS_SOURCE_REPLACED', 'STREAMS_SOURCE_TRUNCATED')) return false
    this.acknowledged = true
    this.trouble.tryNow()
    return true
  }

  /** An operator has told this partition something: a task that has failed begins again now. */
  instructed(): void {
    this.trouble.tryNow()
    this.bell.ring()
  }

  isDamage(error: unknown): boolean {
    if (!this.options.stores.isDamage(error)) return false
    this.running?.fail(error as Error)
    return true
  }

  reached(offset: Offset, timeoutMs: number): Promise<void> {
    if (this.state === 'running' && this.position > offset) return Promise.resolve()
    if (this.state === 'closed') return Promise.reject(this.closedError())
    return this.progress.reached(offset, timeoutMs)
  }

  submit<T>(work: (context: TaskContext) => T): Promise<T> {
    if (this.state === 'closed') return Promise.reject(this.closedError())
    const answer = this.submissions.add(work)
    this.bell.ring()
    return answer
  }

  /**
   * Finishes the commit in flight, or abandons it where that takes long; closes the store. Nothing is written here
   * after this resolves.
   */
  async close(): Promise<void> {
    this.closing.abort()
    this.bell.ring()
    const timer = setTimeout(() => this.abandoning.abort(), LAST_COMMIT)
    await this.ended
    clearTimeout(timer)
  }

  private async live(): Promise<void> {
    const { signal } = this.closing
    while (!signal.aborted) {
      try {
        this.running = await this.open()
        this.trouble.runs()
        await this.running.run()
      } catch (error) {
        if (signal.aborted || this.isFenced(error)) break
        const isRemoved = discardIfDamaged(error, this.local, this.options)
        if (isRemoved) {
          this.local = undefined
          this.progress.lost()
        }
        if (this.state === 'running') {
          this.untouched = true
          this.become('restoring')
        }
        // Found already, or looked for in smaller batches: no failure of the task.
        if (!(error instanceof RecordFault)) await this.trouble.failed(error as Error, isRemoved)
      } finally {
        this.running?.close()
        await this.transactor?.close().catch(() => undefined)
        this.running = this.transactor = undefined
      }
    }
    this.reachedPosition = this.changelogPosition
    if (this.local) closeStore(this.local, this.options.logger)
    this.local = undefined
    this.options.conditions.clearPartition(this.partition)
    this.become('closed')
    this.progress.close(this.closedError())
    this.submissions.close(this.closedError())
  }

  /** On assignment: fence first, then read the changelog's end and the offset, restore, check the source, resume. */
  private async open(): Promise<TaskWork> {
    const { topology, partition, clock, board } = this.options
    const { signal } = this.closing
    this.become('restoring')
    this.transactor = await fence({ ...this.options, id: `${topology.group}.${partition}`, signal })
    this.untouched = false
    await unlessAborted(board.current(signal), signal)
    const isAcknowledged = (topicId: string): boolean =>
      this.acknowledged ||
      board.acknowledgement(partition)?.topicId === topicId ||
      (this.options.acknowledgedSource?.split(/[\s,]+/).includes(topicId) ?? false)
    const source = { ...this.options, isAcknowledged }
    let isForgotten = false
    const judge = async (applied: Checkpoint): Promise<void> => {
      isForgotten = (await judgeSource(source, applied)) || isForgotten
    }
    const question = { ...this.options, local: this.local, fenced: true, now: clock.now(), judge, signal }
    const { local, changelogEnd } = await fitStore(question)
    const { progress } = this
    if (local !== this.local) progress.lost()
    this.local = local
    const hold = (held: LocalStore | undefined): void => {
      this.reachedPosition = this.changelogPosition
      this.local = held
    }
    await catchUp({ ...this.options, local, end: changelogEnd, signal, progress, hold })
    const { store } = this.local
    const asked = await unlessAborted(findSource(source, store), signal)
    // Of another log than the one whose rows are gone with their changelog.
    const found = isForgotten && store.checkpoint === undefined ? { ...asked, isOther: true } : asked
    await prepare({ ...this.options, store, found, progress, signal })
    progress.end = found.end
    this.applied = found.applied
    progress.time = store.checkpoint?.time ?? 0
    progress.startAt(found.offset)
    if (!this.readable && found.applied > found.offset)
      progress.reached(found.applied - 1, FOR_EVER).then(
        () => this.options.onChange(this),
        () => undefined, // it is closed
      )
    const { transactor, submissions, isolation, bell } = this
    const abandoned = this.abandoning.signal
    const work = new TaskWork(this.options, {
      store,
      transactor,
      progress,
      source: found,
      submissions,
      isolation,
      bell,
      signal,
      abandoned,
    })
    this.acknowledged = false
    this.become('running')
    submissions.judge(store.checkpoint?.work)
    return work
  }

  private isFenced(error: unknown): boolean {
    if (!LogError.is(error) || error.action !== 'close') return false
    const { partition } = this
    const text =
      'fenced: another instance has taken this partition, or a transaction took longer than the brokers allow'
    this.options.logger.warn({ partition, code: error.code }, text)
    return true
  }

  private become(state: TaskState): void {
    if (this.state === 'restoring' && state === 'restoring') return
    checkTransition(this.state, state)
    this.state = state
    this.options.onChange(this)
  }

  private closedError(): StreamsError {
    return new StreamsError('STREAMS_TASK_CLOSED', `partition ${this.partition}`)
  }
}
