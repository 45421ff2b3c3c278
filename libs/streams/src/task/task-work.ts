import type { LogBatch, Offset, PartitionReader } from '@quorate/log'
import type { Checkpoint } from '@quorate/state-store'
import { setImmediate as nextTurn, setTimeout } from 'node:timers/promises'
import { BatchContext } from '../batch-context'
import { commit } from './commit'
import type { TaskBatch } from '../context'
import { StreamsError } from '../errors'
import { Contained, faultOf, faultOfCommit, RecordFault } from '../record-fault'
import type { Skip } from '../instructions'
import { callHook, type Hook } from './hooks'
import { PutAside } from './put-aside'
import { mayRefuse } from '../faults/refusing'
import { before, skipAt, Skips } from '../faults/skipping'
import { behind, epochOf, type Stretch, type Tried } from './stretch'
import { PunctuationClock } from './punctuation-clock'
import type { Opened, WorkOptions } from './work-options'

/** A partition that is further behind than this does not wait. */
const BACKLOG = 1_000

type Read = { readonly batch: LogBatch } | { readonly error: unknown }

/**
 * The work of a running task: batches of the source, submitted work and punctuations, one commit after the other, until
 * it is told to stop.
 */
export class TaskWork {
  private readonly context: BatchContext
  private reader: PartitionReader
  private readonly skips: Skips
  private readonly punctuations: PunctuationClock
  private readonly putAside: PutAside
  /** `performance.now()` at the beginning of the last commit. */
  private begunAt = -Infinity
  private failure: Error | undefined
  /** Leadership of the source in which the record before the position was written. */
  private epoch: number | undefined

  constructor(
    private readonly options: WorkOptions,
    private readonly opened: Opened,
  ) {
    const { topology, partition, partitions, limits, conditions, board } = options
    this.context = new BatchContext(
      partition,
      partitions,
      topology,
      opened.store,
      limits,
      conditions.of(partition),
      () => this.call('dropped'),
    )
    const { topicId, epoch } = opened.source
    this.epoch = epoch
    this.skips = new Skips(board, partition, topicId)
    this.reader = this.readFrom(opened.progress.position)
    this.punctuations = new PunctuationClock(topology.clock)
    this.putAside = new PutAside(options, opened, this.context, (resume, time, at) => {
      this.epoch = at
      return this.commit(resume, time)
    })
  }

  /**
   * Returns once the signal has been given; rejects with what went wrong, and then nothing of the current batch has
   * been applied.
   */
  async run(): Promise<void> {
    const { submissions, bell, signal } = this.opened
    const { isOther } = this.opened.source
    if (isOther) await this.commitPlace()
    const told = this.options.board.acknowledgement(this.options.partition)
    if (told !== undefined) this.options.board.done(told)
    this.skips.passed(this.opened.progress.position)
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
      const punctuateIn = this.punctuateIn()
      if (punctuateIn <= 0) {
        await this.punctuate()
        continue
      }
      const unread = pending ? undefined : this.skips.unreadAt(this.opened.progress.position)
      if (unread) {
        await this.skip(unread)
        continue
      }
      const pause = pending ? 0 : this.pause()
      if (pause > 0) {
        await bell.wait(punctuateIn, setTimeout(pause))
        continue
      }
      pending ??= this.reader.next().then(
        (batch) => ({ batch }),
        (error: unknown) => ({ error }),
      )
      await bell.wait(
        punctuateIn,
        pending.then((answer) => (read = answer)),
      )
    }
  }

  /** Ends the run after the commit in flight: what it stands on is no good. */
  fail(failure: Error): void {
    this.failure = failure
    this.opened.bell.ring()
  }

  /** Drops what is staged and stops reading. */
  close(): void {
    this.context.drop()
    this.reader.close()
  }

  /**
   * A batch of the source, in as many commits as it takes; while there is a backlog a commit goes on over what follows
   * it.
   */
  private async take(batch: LogBatch): Promise<void> {
    const { progress, signal } = this.opened
    let left: Stretch | undefined = { ...batch, reads: [batch] }
    while (left.records.length > 0 && !signal.aborted) {
      progress.end = Math.max(left.end, left.next)
      left = await this.takeSome(left)
      if (left === undefined) return
      await nextTurn()
    }
    if (left.records.length > 0) return
    this.epoch = left.reads.at(-1)!.epoch
    if (progress.position < left.next) progress.moveTo(left.next)
  }

  /**
   * One commit of these records, or of fewer while one at fault is looked for. Returns what is left; undefined: told to
   * stop.
   */
  private async takeSome(given: Stretch): Promise<Stretch | undefined> {
    const { isolation, signal } = this.opened
    const first = given.records[0]!
    const skips = this.skips.from(first.offset)
    const skip = skipAt(skips, first.offset)
    if (skip !== undefined) return this.skip(skip, given)
    const count = before(skips, given.records, isolation.limit(given.records))
    const refusal = isolation.refusal(first)
    if (refusal !== undefined) return this.putAside.refuse(refusal, given, this.epoch)
    const isWhole = !isolation.active && skips.length === 0
    if (!isWhole) await isolation.pause(first, signal)
    const tried: Tried = {
      chunks: [count < given.records.length ? given.records.slice(0, count) : given.records],
      next: given.records[count]?.offset ?? given.next,
      end: given.end,
      reads: [...given.reads],
    }
    try {
      const left = await this.commitSome(tried, isWhole)
      if (left === undefined || isWhole) return left
      const { position } = this.opened.progress
      isolation.reached(position)
      return { ...given, records: given.records.filter(({ offset }) => offset >= position) }
    } catch (error) {
      if (!(error instanceof Contained || error instanceof RecordFault)) throw error
      // Where nothing can be put aside the task fails at the record, until it is mended.
      if (error instanceof RecordFault && !mayRefuse(this.options)) throw error.cause
      const records = tried.chunks.flat()
      if (error instanceof RecordFault) isolation.failed(records, error)
      this.context.drop()
      if (error instanceof RecordFault && error.begun) throw error
      return isWhole ? { records, next: tried.next, end: tried.end, reads: tried.reads } : given
    }
  }

  private async commitSome(tried: Tried, mayGoOn: boolean): Promise<Stretch | undefined> {
    const { progress, signal } = this.opened
    const { reads } = tried
    let { next, end } = tried
    let records = tried.chunks[0]!
    this.context.begin()
    let { time } = progress
    let resume: Offset
    for (;;) {
      resume = await this.handle({ records, next, end })
      let taken = 0
      while (taken < records.length && records[taken]!.offset < resume)
        time = Math.max(time, records[taken++]!.timestamp)
      if (taken > 0) records = records.slice(taken)
      const ripe = this.context.rest()
      const isBehind = mayGoOn && end - next > BACKLOG
      if (ripe || (records.length === 0 && !isBehind)) break
      // The event loop gets its turn: heartbeats and queries must not wait for a backlog.
      await nextTurn()
      if (records.length === 0) {
        const read = await this.reader.next(0)
        ;({ records, next, end } = read)
        reads.push(read)
        tried.chunks.push(records)
        Object.assign(tried, { next, end })
      }
      if (signal.aborted) return undefined
      if (records.length === 0) {
        resume = next
        break
      }
      this.context.turn()
    }
    this.epoch = epochOf(resume, reads) ?? this.epoch
    await this.commit(resume, time)
    this.punctuations.came(progress.time, progress.position)
    return { records, next, end, reads: behind(reads, resume) }
  }

  private async handle(batch: TaskBatch): Promise<Offset> {
    try {
      const resume = await this.options.handle(batch, this.context)
      const first = batch.records[0]!.offset
      if (resume > first && resume <= batch.next) return resume
      // A batch that ends where it began must at least have staged something, or it would be handed out for ever.
      this.options.processor.flush?.(this.context)
      if (resume === first && !this.context.empty) return resume
      throw new StreamsError('STREAMS_BAD_RESUME', `${resume} of ${first}…${batch.next}`)
    } catch (error) {
      throw faultOf(error)
    }
  }

  /** What an operator leaves out. undefined: the reader goes on behind it. */
  private async skip(skip: Skip, given?: Stretch): Promise<Stretch | undefined> {
    const last = await this.putAside.skip(skip, given)
    this.skips.passed(last + 1)
    if (given !== undefined && last < given.next)
      return { ...given, records: given.records.filter(({ offset }) => offset > last) }
    this.reader.close()
    this.reader = this.readFrom(last + 1)
    return undefined
  }

  /** As little at a time as the log gives where something ahead must not be read. */
  private readFrom(from: Offset): PartitionReader {
    const { log, topology, partition } = this.options
    const place = { topic: topology.source, partition, from, topicId: this.opened.source.topicId, epoch: this.epoch }
    const isGuarded = this.skips.from(from).some(({ through }) => through !== undefined)
    return log.reader({ ...place, ...(isGuarded ? { maxBytes: 1 } : {}) })
  }

  private async runSubmitted(): Promise<void> {
    const { submissions, progress } = this.opened
    await submissions.commitAll(this.context, (work) => this.commit(progress.position, progress.time, work))
  }

  private async punctuate(): Promise<void> {
    const { processor, clock } = this.options
    const { position, time } = this.opened.progress
    this.context.begin()
    try {
      processor.punctuate?.(clock.now(), this.context)
      this.punctuations.punctuated(position, clock.now())
      processor.flush?.(this.context)
      if (!this.context.empty) await this.commit(position, time)
    } catch (error) {
      const fault = faultOf(error)
      if (!(fault instanceof RecordFault || fault instanceof Contained)) throw error
      this.context.drop()
      // It comes again, without what the processor has put aside.
      if (fault instanceof Contained || processor.punctuateFailed?.(fault.cause, this.context) === true) return
      throw fault.begun ? fault : fault.cause
    }
  }

  /** ms to let records come together; of real time, even where a test moves the clock. */
  private pause(): number {
    if (this.opened.progress.lag > BACKLOG) return 0
    return this.begunAt + this.options.limits.paceMs - performance.now()
  }

  /** ms until the processor wants to be punctuated. */
  private punctuateIn(): number {
    const { topology, processor, clock } = this.options
    const { progress } = this.opened
    if (topology.clock === 'log' && progress.lag > 0) return Infinity
    this.context.begin()
    const due = processor.nextDue?.(this.context)
    return due === undefined ? Infinity : this.punctuations.in(due, progress.position, clock.now())
  }

  /** The place alone: what an operator has acknowledged must hold from now on. */
  private async commitPlace(): Promise<void> {
    const { position, time } = this.opened.progress
    const { processor, clock } = this.options
    this.context.begin()
    processor.sourceChanged?.({ before: this.opened.source.before, from: position, now: clock.now() }, this.context)
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
    try {
      processor.flush?.(this.context)
    } catch (error) {
      throw faultOf(error)
    }
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
    }).catch((error: unknown) => {
      throw faultOfCommit(error)
    })
    progress.time = time
    progress.moveTo(resume)
    if (!this.opened.signal.aborted) this.call('committed')
  }

  private call(hook: Hook): void {
    const failure = callHook(hook, this.options, this.context)
    if (failure !== undefined) this.fail(failure)
  }
}
