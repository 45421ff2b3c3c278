import type { LogRecord, Logger, Offset } from '@quorate/log'
import { faultOf, type Processor, type Refusal, type Skipped, type TaskBatch, type TaskContext } from '@quorate/streams'
import { DEAD_LETTERS, deadLetter, skippedLetter } from './intake/dead-letter'
import { takeIn } from './intake/intake'
import { groupBatchesOf, historyOf, type TaskCache, cacheOf } from './outbox/kept'
import { record } from './decisions/ledger'
import type { PlannedDelivery } from './outbox/planned'
import { archiveOldest } from './decisions/decision-index'
import { planOf, putObject, rowOf } from './planning/object-plan'
import { objectRow } from './rows/rows'
import type { PlanContext } from './planning/plan-context'
import { notify, repeat, releaseHeld } from './planning/notifying'
import { type Directions, inbox, type Reason, subjectOf } from './pipeline'
import { publishInhibitionSource, reconcile } from './planning/reconciling'

/** What the processor counts; each is a metric. */
export interface ProcessorEvents {
  decided(decision: 'sent' | 'held' | 'suppressed', reason: Reason | 'sent'): void
  seenBefore(): void
  missedRevisions(count: number): void
  poison(): void
  /** The observers' records: nothing is told of them yet. */
  notOfAnObject(): void
}

export interface NotifierProcessorOptions {
  readonly directions: () => Directions
  /** Objects of this instance that inhibitions of a parent hold back now. */
  readonly dependants: PlanContext['dependants']
  readonly gathers: PlanContext['gathers']
  /** When tasks of this instance tell a group next, ms. */
  readonly groupElsewhere: PlanContext['groupElsewhere']
  /** The notifier's clock, ms. */
  readonly now: () => number
  readonly logger: Logger
  readonly events: ProcessorEvents
  /** Called with the deliveries that a batch planned, once the batch is committed. */
  readonly committed: (partition: number, planned: readonly PlannedDelivery[]) => void
}

const FORGOTTEN = ['groups', 'history', 'by-object', 'dead'] as const
/** How often to look for what can be forgotten, ms. */
const SWEEP_MS = 60_000
/** Changes, or rows to forget, of one commit: the event loop gets a turn in between, so that queries are not kept waiting. */
const MAX_CHANGES_PER_COMMIT = 256

/** What is due for an object cannot be told. */
class DueFault extends Error {
  override readonly name = 'DueFault'
  constructor(
    readonly object: string,
    override readonly cause: unknown,
  ) {
    super(`what is due for ${JSON.stringify(object)} cannot be processed: ${String(cause)}`)
  }
}

/**
 * The notifier's program. A change goes through the pipeline, and what follows (the inbox mark, what each receiver was last told,
 * what waits, the planned deliveries) becomes rows of the task: one commit with the source offset. Nothing is sent here.
 */
export class NotifierProcessor implements Processor {
  /** By task: objects of which something due could not be told. */
  private readonly failing = new WeakMap<TaskContext, Set<string>>()

  constructor(private readonly options: NotifierProcessorOptions) {}

  process(batch: TaskBatch, context: TaskContext): Offset {
    const kept = cacheOf(context)
    kept.behind = batch.next < batch.end
    const planContext = this.desk(context, kept, this.options.now())
    let taken = 0
    for (const record of batch.records) {
      if (taken++ >= MAX_CHANGES_PER_COMMIT || (context.full && record !== batch.records[0])) return record.offset
      try {
        this.take(record, planContext, context)
      } catch (error) {
        throw faultOf(error, record.offset)
      }
    }
    return batch.next
  }

  /** A change that cannot be taken is told to nobody; it is among the dead letters with the error. */
  refuse({ record, code, message, level }: Refusal, context: TaskContext): boolean {
    this.options.events.poison()
    const shown = level < 2 ? record : { ...record, key: null, value: null, headers: [] }
    context.forward(DEAD_LETTERS, deadLetter(shown, context, `${code}: ${message}`))
    return true
  }

  /** A change that an operator leaves out is told to nobody. */
  skip(skipped: Skipped, context: TaskContext): void {
    this.options.events.poison()
    context.forward(DEAD_LETTERS, skippedLetter(skipped, context))
  }

  /** An object with something due that cannot be told now waits a while, and the others do not wait for it. */
  punctuateFailed(error: unknown, context: TaskContext): boolean {
    if (!(error instanceof DueFault)) return false
    const { object, message } = error
    context.table('objects').arm(object, this.options.now() + SWEEP_MS)
    const { partition } = context
    this.failing.set(context, (this.failing.get(context) ?? new Set()).add(object))
    this.options.logger.error(
      { partition, object, err: error.cause },
      'what is due for an object cannot be processed; retrying every minute, other objects continue',
    )
    context.conditions.raise({
      code: 'object-held',
      reason: 'what is due for an object cannot be processed; retrying every minute; please report it',
      detail: message,
      blocks: [],
    })
    return true
  }

  nextDue(context: TaskContext): number | undefined {
    const { directions, sweepAt } = cacheOf(context)
    // The configuration has changed, or the task has come here: what it held back is looked at.
    if (directions !== this.options.directions()) return 0
    const gathered = context.table('gatherings').firstDue()?.due ?? Infinity
    const first = Math.min(sweepAt, gathered, context.table('objects').firstDue()?.due ?? Infinity)
    return first === Infinity ? undefined : first
  }

  wake(now: number, context: TaskContext): void {
    const kept = cacheOf(context)
    kept.planned.push(...groupBatchesOf(context).close(context, now, context.partitions === 1, record))
    if (kept.sweepAt <= now) kept.sweepAt = forget(now, context)
    const desk = this.desk(context, kept, now)
    if (kept.directions !== desk.directions && reconcile(context, desk)) kept.directions = desk.directions
    this.processDue(desk, context)
  }

  /** Before the seal: what is kept decoded becomes rows. Whatever was written now can be forgotten one day. */
  flush(context: TaskContext): void {
    const kept = cacheOf(context)
    kept.groupBatches?.flush(context)
    if (kept.history?.flush(context) && kept.sweepAt === Infinity) kept.sweepAt = this.options.now() + SWEEP_MS
  }

  /** The courier may read now what the batch planned. */
  committed(context: TaskContext): void {
    const kept = cacheOf(context)
    if (kept.planned.length === 0) return
    const { planned } = kept
    kept.planned = []
    this.options.committed(context.partition, planned)
  }

  private take(record: LogRecord, desk: PlanContext, context: TaskContext): void {
    const taken = takeIn(record)
    if (taken.kind === 'reject') {
      this.options.events.poison()
      this.options.logger.warn(
        { partition: context.partition, offset: record.offset, reason: taken.reason },
        'a record of the sink cannot be read; it is in the dead letters, and the partition continues',
      )
      context.forward(DEAD_LETTERS, deadLetter(record, context, taken.reason))
      return
    }
    if (taken.kind === 'other') {
      this.options.events.notOfAnObject()
      return
    }
    const { news } = taken
    const table = context.table('objects')
    const bytes = table.get(news.object)
    const row = bytes && objectRow.decode(bytes)
    const arrival = inbox(news, row)
    if (arrival.seen) {
      this.options.events.seenBefore()
      return
    }
    if (arrival.missed > 0) this.options.events.missedRevisions(arrival.missed)
    const draft = planOf(row, news)
    notify(desk, draft, row?.news)
    publishInhibitionSource(context, desk.directions, news)
    const { object: _, ...current } = subjectOf(news)
    const mark = { incarnation: news.incarnation, revision: news.revision, current }
    const gone = news.state === null ? { goneAt: desk.now } : {}
    putObject(context, news, row, rowOf({ ...mark, ...gone }, draft))
    this.clearFault(news.object, context)
  }

  private processDue(desk: PlanContext, context: TaskContext): void {
    const table = context.table('objects')
    for (let taken = 0; taken < MAX_CHANGES_PER_COMMIT; taken++) {
      const due = table.firstDue(desk.now)
      if (!due || context.full) return
      try {
        this.processDueObject(due.key, desk, context)
        this.clearFault(due.key, context)
      } catch (error) {
        if (faultOf(error) === error) throw error
        throw new DueFault(due.key, error)
      }
    }
  }

  /** An object is told again: the condition ends with the last of those that could not be. */
  private clearFault(object: string, context: TaskContext): void {
    const held = this.failing.get(context)
    if (held?.delete(object) && held.size === 0) context.conditions.clear('object-held')
  }

  private processDueObject(key: string, desk: PlanContext, context: TaskContext): void {
    const table = context.table('objects')
    const row = objectRow.decode(table.get(key)!)
    if (!row.news) {
      // Nothing waits: the object has been gone long enough. What is still told of it can be found all the same.
      const trail = (row.trail ?? []).filter((page) => context.table('history').get(page) !== undefined)
      archiveOldest(context, key, trail, trail.length, desk.now)
      table.delete(key)
      return
    }
    const draft = planOf(row, row.news)
    releaseHeld(desk, draft)
    repeat(desk, draft)
    const { incarnation, revision, current, goneAt } = row
    const mark = { incarnation, revision, ...(current ? { current } : {}) }
    putObject(context, row.news, row, rowOf({ ...mark, ...(goneAt === undefined ? {} : { goneAt }) }, draft))
  }

  private desk(context: TaskContext, kept: TaskCache, now: number): PlanContext {
    return {
      tables: context,
      directions: this.options.directions(),
      now,
      behind: kept.behind,
      planned: kept.planned,
      dependants: this.options.dependants,
      gathers: this.options.gathers,
      groupElsewhere: this.options.groupElsewhere,
      count: (decision, reason) => this.options.events.decided(decision, reason),
    }
  }
}

/** Deletes what has been kept long enough, as far as a slice goes; answers when to look again. */
function forget(now: number, context: TaskContext): number {
  let next = Infinity
  let left = MAX_CHANGES_PER_COMMIT
  for (const name of FORGOTTEN) {
    const table = context.table(name)
    let due = table.firstDue()
    for (; due && due.due <= now; due = table.firstDue()) {
      if (left-- === 0) return now
      if (name === 'history') historyOf(context).forget(context, due.key)
      else table.delete(due.key)
    }
    next = Math.min(next, due?.due ?? Infinity)
  }
  return next === Infinity ? Infinity : Math.max(next, now + SWEEP_MS)
}
