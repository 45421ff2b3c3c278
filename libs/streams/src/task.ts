import {
  type Log,
  type LogBatch,
  LogError,
  type Logger,
  type MemberIdentity,
  type Offset,
  type PartitionReader,
  type Transactor,
} from '@quorate/log'
import { type PartitionStore, type TableReader } from '@quorate/state-store'
import { setTimeout } from 'node:timers/promises'
import { BatchContext, type BatchLimits } from './batch-context'
import { Bell } from './bell'
import type { Clock } from './clock'
import { commit, type CommitStep } from './commit'
import type { Processor, TaskBatch, TaskContext } from './context'
import { StreamsError } from './errors'
import { PositionWaiters } from './position-waiters'
import { restore } from './restore'
import { RestoreProgress } from './restore-progress'
import { Semaphore } from './semaphore'
import type { RunningTask, TaskState } from './streams'
import { Submissions } from './submissions'
import { checkTransition } from './task-life'
import { findStart } from './task-start'
import type { Topology } from './topology'
import { WakeClock } from './wake-clock'

/** Receives whole batches: the transport's strategy, or the processor itself. Answers the offset to resume at. */
export type BatchHandler = (batch: TaskBatch, context: TaskContext) => Offset | Promise<Offset>

export interface TaskOptions {
  readonly partition: number
  readonly partitions: number
  readonly topology: Topology
  readonly log: Log
  readonly logger: Logger
  readonly processor: Processor
  readonly handle: BatchHandler
  /** Path of the partition's file, or `:memory:`. */
  readonly file: string
  readonly limits: BatchLimits
  /** Bounds how many tasks of the process restore at once. */
  readonly restores: Semaphore
  readonly clock: Clock
  readonly identity: () => MemberIdentity | undefined
  readonly onChange: (task: Task) => void
  readonly observe?: ((step: CommitStep, partition: number) => void) | undefined
}

type Read = { readonly batch: LogBatch } | { readonly error: unknown }

/** After an error that a repetition may heal: ms, doubled up to the cap. */
const BACKOFF = { first: 100, cap: 5_000 }

/** One partition: fenced, restored, then one batch after the other. Its life is drawn in task-life.ts. */
export class Task implements RunningTask {
  readonly partition: number
  state: TaskState = 'created'
  position: Offset = 0
  end: Offset = 0
  time = 0
  restore: RunningTask['restore'] = { restored: 0, total: 0 }
  /** Why it is not running, when it should. */
  failure: Error | undefined
  /** Wall time of the last thing that moved. */
  progressAt: number
  private store: PartitionStore | undefined
  private context: BatchContext | undefined
  private transactor: Transactor | undefined
  private reader: PartitionReader | undefined
  private readonly waiters = new PositionWaiters()
  private readonly submissions = new Submissions()
  private readonly bell: Bell
  private readonly closing = new AbortController()
  private readonly wakes: WakeClock
  private ended: Promise<void> | undefined

  constructor(private readonly options: TaskOptions) {
    this.partition = options.partition
    this.bell = new Bell(options.clock)
    this.wakes = new WakeClock(options.topology.clock)
    this.progressAt = options.clock.now()
  }

  get lag(): number {
    return Math.max(0, this.end - this.position)
  }

  start(): void {
    this.ended = this.live()
  }

  table(name: string): TableReader {
    if (this.state !== 'running' || !this.store)
      throw new StreamsError('STREAMS_NOT_RUNNING', `partition ${this.partition}`)
    return this.store.committed(name)
  }

  reached(offset: Offset, timeoutMs: number): Promise<void> {
    if (this.state === 'running' && this.position > offset) return Promise.resolve()
    if (this.state === 'closed') return Promise.reject(this.closedError())
    return this.waiters.wait(offset, timeoutMs)
  }

  submit<T>(work: (context: TaskContext) => T): Promise<T> {
    if (this.state === 'closed') return Promise.reject(this.closedError())
    const answer = this.submissions.add(work)
    this.bell.ring()
    return answer
  }

  /** Abandons or finishes the batch in hand, closes the store. Nothing of it is written after this resolves. */
  async close(): Promise<void> {
    this.closing.abort()
    this.bell.ring()
    this.reader?.close()
    await this.ended
  }

  private async live(): Promise<void> {
    let pause = BACKOFF.first
    while (!this.closing.signal.aborted) {
      try {
        await this.open()
        pause = BACKOFF.first
        await this.work()
      } catch (error) {
        this.context?.drop()
        this.submissions.retry()
        if (this.closing.signal.aborted) break
        if (LogError.is(error) && error.action === 'close') {
          this.options.logger.warn(
            { partition: this.partition, code: error.code },
            'fenced: another instance has this partition now',
          )
          break
        }
        const expected = LogError.is(error) && (error.action === 'refence' || error.action === 'retry')
        this.failure = error as Error
        this.options.logger[expected ? 'warn' : 'error'](
          { partition: this.partition, err: error, retryInMs: pause },
          expected
            ? 'dropped a batch; fencing anew and reading the truth'
            : 'the partition has stopped; nothing is lost, trying again',
        )
        if (this.state === 'running') this.become('restoring')
        await this.backoff(pause)
        pause = Math.min(pause * 2, BACKOFF.cap)
      } finally {
        this.reader?.close()
        await this.transactor?.close().catch(() => undefined)
        this.transactor = undefined
      }
    }
    this.store?.close()
    this.store = undefined
    this.become('closed')
    this.waiters.close(this.closedError())
    this.submissions.close(this.closedError())
  }

  /** On assignment: fence first, then read the changelog's end and the offset, restore, check the source, resume. */
  private async open(): Promise<void> {
    const { log, topology, partition, logger } = this.options
    this.become('restoring')
    this.transactor = await log.fence(`${topology.group}.${partition}`)
    const start = await findStart({
      log,
      topology,
      partition,
      file: this.options.file,
      store: this.store,
      now: this.options.clock.now(),
      logger,
    })
    const { store } = start
    this.store = store
    this.context = new BatchContext(partition, this.options.partitions, topology, store, this.options.limits)
    const from = store.changelogPosition
    const end = start.changelogEnd
    const progress = new RestoreProgress({ partition, from, end, logger, now: () => this.options.clock.now() })
    this.restore = progress
    const onProgress = (at: Offset): void => {
      progress.reach(at)
      this.moved()
    }
    const { changelog } = topology
    const { signal } = this.closing
    await this.options.restores.run(() => restore({ log, store, changelog, partition, end, signal, onProgress }))
    const source = await start.source()
    this.position = source.offset
    this.end = source.end
    this.time = store.checkpoint?.time ?? 0
    this.reader = log.reader({ topic: topology.source, partition, from: this.position })
    this.failure = undefined
    this.wakes.reset()
    this.become('running')
    this.waiters.advance(this.position)
  }

  private async work(): Promise<void> {
    const reader = this.reader!
    let pending: Promise<Read> | undefined
    let read: Read | undefined
    while (!this.closing.signal.aborted) {
      if (this.submissions.waiting) {
        await this.runSubmitted()
        continue
      }
      if (read) {
        pending = undefined
        if ('error' in read) throw read.error
        await this.take(read.batch)
        read = undefined
        continue
      }
      const wakeIn = this.wakeIn()
      if (wakeIn <= 0) {
        await this.wake()
        continue
      }
      pending ??= reader.next().then(
        (batch) => ({ batch }),
        (error: unknown) => ({ error }),
      )
      await this.bell.wait(
        wakeIn,
        pending.then((answer) => (read = answer)),
      )
    }
  }

  /** A batch of the source, in as many commits as the processor wants. */
  private async take(batch: LogBatch): Promise<void> {
    this.end = Math.max(batch.end, batch.next)
    let records = batch.records
    while (records.length > 0 && !this.closing.signal.aborted) {
      const context = this.context!
      context.begin()
      const resume = await this.options.handle({ records, next: batch.next, end: batch.end }, context)
      if (
        resume < records[0]!.offset ||
        resume > batch.next ||
        (resume === records[0]!.offset && context.empty && !this.dirty())
      )
        throw new StreamsError('STREAMS_BAD_RESUME', `${resume} of ${records[0]!.offset}…${batch.next}`)
      let taken = 0
      while (taken < records.length && records[taken]!.offset < resume)
        this.time = Math.max(this.time, records[taken++]!.timestamp)
      await this.commit(resume)
      records = taken === 0 ? records : records.slice(taken)
      this.wakes.came(this.time, this.position)
      // The event loop gets its turn: heartbeats and queries must not wait for a backlog.
      await new Promise(setImmediate)
    }
    if (records.length === 0 && this.position < batch.next) this.moveTo(batch.next)
  }

  private async runSubmitted(): Promise<void> {
    const context = this.context!
    context.begin()
    const settle = this.submissions.run(context, () => context.drop())
    if (settle.ran) await this.commit(this.position)
    settle.resolve()
  }

  private async wake(): Promise<void> {
    const context = this.context!
    context.begin()
    this.options.processor.wake?.(this.options.clock.now(), context)
    this.wakes.woke(this.position, this.options.clock.now())
    this.options.processor.flush?.(context)
    if (!context.empty) await this.commit(this.position)
  }

  /** ms until the processor wants to be woken. */
  private wakeIn(): number {
    if (this.options.topology.clock === 'log' && this.lag > 0) return Infinity
    const context = this.context!
    context.begin()
    const due = this.options.processor.nextDue?.(context)
    return due === undefined ? Infinity : this.wakes.in(due, this.position, this.options.clock.now())
  }

  private async commit(resume: Offset): Promise<void> {
    const { topology, partition, processor, observe } = this.options
    const context = this.context!
    processor.flush?.(context)
    const member = this.options.identity()
    await commit({
      context,
      store: this.store!,
      transactor: this.transactor!,
      changelog: topology.changelog,
      partition,
      checkpoint: { source: resume, time: this.time },
      source: {
        group: topology.group,
        topic: topology.source,
        partition,
        offset: resume,
        ...(member ? { member } : {}),
      },
      observe: observe && ((step) => observe(step, partition)),
    })
    this.moveTo(resume)
  }

  private moveTo(position: Offset): void {
    this.position = position
    this.end = Math.max(this.end, position)
    this.moved()
    this.waiters.advance(position)
  }

  /** A batch that only moved the source offset inside a record has staged something, if only in decoded objects. */
  private dirty(): boolean {
    this.options.processor.flush?.(this.context!)
    return !this.context!.empty
  }

  /** In real time, even where a test moves the clock: what it waits for is real. */
  private async backoff(ms: number): Promise<void> {
    await setTimeout(ms, undefined, { signal: this.closing.signal }).catch(() => undefined)
  }

  private moved(): void {
    this.progressAt = this.options.clock.now()
  }

  private become(state: TaskState): void {
    if (this.state === 'restoring' && state === 'restoring') return
    checkTransition(this.state, state)
    this.state = state
    this.moved()
    this.options.onChange(this)
  }

  private closedError(): StreamsError {
    return new StreamsError('STREAMS_TASK_CLOSED', `partition ${this.partition}`)
  }
}
