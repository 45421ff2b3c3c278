import type { Log, LogBatch, MemberIdentity, Offset, PartitionReader, Transactor } from '@quorate/log'
import type { Checkpoint, PartitionStore } from '@quorate/state-store'
import { setImmediate as nextTurn, setTimeout } from 'node:timers/promises'
import { BatchContext, type BatchLimits } from './batch-context'
import type { Bell } from './bell'
import type { Clock } from './clock'
import { commit, type CommitStep } from './commit'
import type { Conditions } from './conditions'
import type { Processor, TaskBatch, TaskContext } from './context'
import { StreamsError } from './errors'
import type { Submissions } from './submissions'
import type { TaskProgress } from './task-progress'
import type { SourceFound } from './task-start'
import type { Topology } from './topology'
import { WakeClock } from './wake-clock'

/** Receives whole batches: the transport's strategy, or the processor itself. Answers the offset to resume at. */
export type BatchHandler = (batch: TaskBatch, context: TaskContext) => Offset | Promise<Offset>

export interface WorkOptions {
  readonly partition: number
  readonly partitions: number
  readonly topology: Topology
  readonly log: Log
  readonly processor: Processor
  readonly handle: BatchHandler
  readonly limits: BatchLimits
  readonly clock: Clock
  readonly conditions: Conditions
  readonly identity: () => MemberIdentity | undefined
  readonly observe?: ((step: CommitStep, partition: number) => void) | undefined
}

/** What a task brings along: fenced, restored, and how far it is. */
export interface Opened {
  readonly store: PartitionStore
  readonly transactor: Transactor
  readonly progress: TaskProgress
  /** The source as it was found. */
  readonly source: Pick<SourceFound, 'topicId' | 'epoch' | 'isOther'>
  readonly submissions: Submissions
  readonly bell: Bell
  readonly signal: AbortSignal
  /** Given a while after `signal`: the commit in hand takes too long. */
  readonly abandoned: AbortSignal
}

/** A partition that is further behind than this does not wait. */
const BACKLOG = 1_000

type Read = { readonly batch: LogBatch } | { readonly error: unknown }

/** The work of a running task: batches of the source, submitted work and wakes, one commit after the other, until it is told to stop. */
export class TaskWork {
  private readonly context: BatchContext
  private readonly reader: PartitionReader
  private readonly wakes: WakeClock
  /** `performance.now()` at the beginning of the last commit. */
  private begunAt = -Infinity
  private failure: Error | undefined
  /** Leadership of the source in which the record before the position was written. */
  private epoch: number | undefined

  constructor(
    private readonly options: WorkOptions,
    private readonly opened: Opened,
  ) {
    const { topology, partition, partitions, limits, log, conditions } = options
    this.context = new BatchContext(partition, partitions, topology, opened.store, limits, conditions.of(partition))
    const { topicId, epoch } = opened.source
    this.epoch = epoch
    this.reader = log.reader({ topic: topology.source, partition, from: opened.progress.position, topicId, epoch })
    this.wakes = new WakeClock(topology.clock)
  }

  /** Returns once the signal has been given; rejects with what went wrong, and then nothing of the batch in hand has been applied. */
  async run(): Promise<void> {
    const { submissions, bell, signal } = this.opened
    const { isOther } = this.opened.source
    if (isOther) await this.commitPlace()
    let pending: Promise<Read> | undefined
    let read: Read | undefined
    while (!signal.aborted) {
      if (this.failure !== undefined) throw this.failure
      if (submissions.waiting) {
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
      const pause = pending ? 0 : this.pause()
      if (pause > 0) {
        await bell.wait(wakeIn, setTimeout(pause))
        continue
      }
      pending ??= this.reader.next().then(
        (batch) => ({ batch }),
        (error: unknown) => ({ error }),
      )
      await bell.wait(
        wakeIn,
        pending.then((answer) => (read = answer)),
      )
    }
  }

  /** Ends the run after the commit in hand: what it stands on is no good. */
  fail(failure: Error): void {
    this.failure = failure
    this.opened.bell.ring()
  }

  /** Drops what is staged and stops reading. */
  close(): void {
    this.context.drop()
    this.reader.close()
  }

  /** A batch of the source, in as many commits as it takes; while there is a backlog a commit goes on over what follows it. */
  private async take(batch: LogBatch): Promise<void> {
    const { progress, signal } = this.opened
    let [read, { records, next, end }] = [batch, batch]
    while (records.length > 0 && !signal.aborted) {
      progress.end = Math.max(end, next)
      this.context.begin()
      let { time } = progress
      let resume: Offset
      for (;;) {
        resume = await this.options.handle({ records, next, end }, this.context)
        this.checkResume(resume, records[0]!.offset, next)
        let taken = 0
        while (taken < records.length && records[taken]!.offset < resume)
          time = Math.max(time, records[taken++]!.timestamp)
        if (taken > 0) records = records.slice(taken)
        const ripe = this.context.rest()
        const behind = end - next > BACKLOG
        if (ripe || (records.length === 0 && !behind)) break
        // The event loop gets its turn: heartbeats and queries must not wait for a backlog.
        await nextTurn()
        if (records.length === 0) {
          this.epoch = read.epoch
          read = await this.reader.next(0)
          ;({ records, next, end } = read)
        }
        if (signal.aborted) return
        if (records.length === 0) {
          resume = next
          break
        }
        this.context.turn()
      }
      this.epoch = epochAt(resume, read) ?? this.epoch
      await this.commit(resume, time)
      this.wakes.came(progress.time, progress.position)
      await nextTurn()
    }
    if (records.length > 0) return
    this.epoch = read.epoch
    if (progress.position < next) progress.moveTo(next)
  }

  /** A batch that ends where it began must at least have staged something, or it would be handed out for ever. */
  private checkResume(resume: Offset, first: Offset, next: Offset): void {
    if (resume > first && resume <= next) return
    this.options.processor.flush?.(this.context)
    if (resume !== first || this.context.empty)
      throw new StreamsError('STREAMS_BAD_RESUME', `${resume} of ${first}…${next}`)
  }

  private async runSubmitted(): Promise<void> {
    this.context.begin()
    const { submissions, progress } = this.opened
    const work = submissions.run(this.context, () => this.context.drop())
    if (work !== undefined) await this.commit(progress.position, progress.time, work)
    submissions.judge(work)
  }

  private async wake(): Promise<void> {
    const { processor, clock } = this.options
    const { position, time } = this.opened.progress
    this.context.begin()
    processor.wake?.(clock.now(), this.context)
    this.wakes.woke(position, clock.now())
    processor.flush?.(this.context)
    if (!this.context.empty) await this.commit(position, time)
  }

  /** ms to let records come together; of real time, even where a test moves the clock. */
  private pause(): number {
    if (this.opened.progress.lag > BACKLOG) return 0
    return this.begunAt + this.options.limits.paceMs - performance.now()
  }

  /** ms until the processor wants to be woken. */
  private wakeIn(): number {
    const { topology, processor, clock } = this.options
    const { progress } = this.opened
    if (topology.clock === 'log' && progress.lag > 0) return Infinity
    this.context.begin()
    const due = processor.nextDue?.(this.context)
    return due === undefined ? Infinity : this.wakes.in(due, progress.position, clock.now())
  }

  /** The place alone: what an operator has acknowledged must hold from now on. */
  private async commitPlace(): Promise<void> {
    const { position, time } = this.opened.progress
    this.context.begin()
    await this.commit(position, time)
  }

  private checkpoint(source: Offset, time: number, work: string | undefined): Checkpoint {
    const { topicId: topic } = this.opened.source
    const { epoch } = this
    return { source, time, topic, ...(work === undefined ? {} : { work }), ...(epoch === undefined ? {} : { epoch }) }
  }

  private async commit(resume: Offset, time: number, work?: string): Promise<void> {
    const { topology, partition, processor, identity, clock, observe } = this.options
    const { store, transactor, progress, abandoned } = this.opened
    this.begunAt = performance.now()
    processor.flush?.(this.context)
    const member = identity()
    const source = { group: topology.group, topic: topology.source, partition, offset: resume }
    await commit({
      context: this.context,
      store,
      transactor,
      changelog: topology.changelog,
      partition,
      checkpoint: this.checkpoint(resume, time, work),
      source: member ? { ...source, member } : source,
      now: clock.now(),
      observe: observe && ((step) => observe(step, partition)),
      abandoned,
    })
    progress.time = time
    progress.moveTo(resume)
  }
}

/** Leadership in which the record before an offset of this batch was written; undefined: it is not in the batch. */
function epochAt(offset: Offset, { records, next, epoch, recordsEpoch }: LogBatch): number | undefined {
  if (offset === next) return epoch
  return records.length > 0 && offset > records[0]!.offset ? recordsEpoch : undefined
}
