import type { LogRecord, Logger, Offset } from '@quorate/log'
import { faultOf, type Processor, type Refusal, type Skipped, type TaskBatch, type TaskContext } from '@quorate/streams'
import { DEAD_LETTERS, deadLetter, skippedLetter } from './intake/dead-letter'
import { takeIn } from './intake/intake'
import { groupBatchesOf, historyOf, type TaskCache, cacheOf } from './task-cache'
import { record } from './decisions/ledger'
import type { PlannedDelivery } from './rows/rows'
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
  /** The observers' records: nobody is notified of them yet. */
  notOfAnObject(): void
}

export interface NotifierProcessorOptions {
  readonly directions: () => Directions
  /** Objects of this instance that inhibitions of a parent hold back now. */
  readonly dependants: PlanContext['dependants']
  readonly gathers: PlanContext['gathers']
  /** When tasks of this instance send the next message of a group, ms. */
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
/**
 * Changes, or rows to forget, of one commit: the event loop gets a turn in between, so that queries are not cache
 * waiting.
 */
const MAX_CHANGES_PER_COMMIT = 256

/** What is due for an object cannot be processed. */
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
 * The notifier's program. A change goes through the pipeline, and what follows (the inbox mark, what each receiver was
 * last told, what waits, the planned deliveries) becomes rows of the task: one commit with the source offset. Nothing
 * is sent here.
 */
export class NotifierProcessor implements Processor {
  /** By task: objects for which something due could not be processed. */
  private readonly failing = new WeakMap<TaskContext, Set<string>>()

  constructor(private readonly options: NotifierProcessorOptions) {}

  process(batch: TaskBatch, context: TaskContext): Offset {
    const cache = cacheOf(context)
    cache.behind = batch.next < batch.end
    const planning = this.planContext(context, cache, this.options.now())
    let taken = 0
    for (const record of batch.records) {
      if (taken++ >= MAX_CHANGES_PER_COMMIT || (context.full && record !== batch.records[0])) return record.offset
      try {
        this.take(record, planning, context)
      } catch (error) {
        throw faultOf(error, record.offset)
      }
    }
    return batch.next
  }

  /** Nobody is notified of a change that cannot be processed; it is in the dead letters with the error. */
  refuse({ record, code, message, level }: Refusal, context: TaskContext): boolean {
    this.options.events.poison()
    const shown = level < 2 ? record : { ...record, key: null, value: null, headers: [] }
    context.forward(DEAD_LETTERS, deadLetter(shown, context, `${code}: ${message}`))
    return true
  }

  /** Nobody is notified of a change that an operator skips. */
  skip(skipped: Skipped, context: TaskContext): void {
    this.options.events.poison()
    context.forward(DEAD_LETTERS, skippedLetter(skipped, context))
  }

  /** An object with something due that fails waits for a minute; the others do not wait for it. */
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

  punctuate(now: number, context: TaskContext): void {
    const cache = cacheOf(context)
    cache.planned.push(...groupBatchesOf(context).close(context, now, context.partitions === 1, record))
    if (cache.sweepAt <= now) cache.sweepAt = forget(now, context)
    const planning = this.planContext(context, cache, now)
    if (cache.directions !== planning.directions && reconcile(context, planning)) cache.directions = planning.directions
    this.processDue(planning, context)
  }

  /** Before the seal: what is cached becomes rows. Whatever is written now can be forgotten one day. */
  flush(context: TaskContext): void {
    const cache = cacheOf(context)
    cache.groupBatches?.flush(context)
    if (cache.history?.flush(context) && cache.sweepAt === Infinity) cache.sweepAt = this.options.now() + SWEEP_MS
  }

  /** From now on the courier may read what the batch planned. */
  committed(context: TaskContext): void {
    const cache = cacheOf(context)
    if (cache.planned.length === 0) return
    const { planned } = cache
    cache.planned = []
    this.options.committed(context.partition, planned)
  }

  private take(record: LogRecord, planning: PlanContext, context: TaskContext): void {
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
    const plan = planOf(row, news)
    notify(planning, plan, row?.news)
    publishInhibitionSource(context, planning.directions, news)
    const { object: _, ...current } = subjectOf(news)
    const mark = { incarnation: news.incarnation, revision: news.revision, current }
    const gone = news.state === null ? { goneAt: planning.now } : {}
    putObject(context, news, row, rowOf({ ...mark, ...gone }, plan))
    this.clearFault(news.object, context)
  }

  private processDue(planning: PlanContext, context: TaskContext): void {
    const table = context.table('objects')
    for (let taken = 0; taken < MAX_CHANGES_PER_COMMIT; taken++) {
      const due = table.firstDue(planning.now)
      if (!due || context.full) return
      try {
        this.processDueObject(due.key, planning, context)
        this.clearFault(due.key, context)
      } catch (error) {
        if (faultOf(error) === error) throw error
        throw new DueFault(due.key, error)
      }
    }
  }

  /** An object is processed again: the condition ends with the last one that failed. */
  private clearFault(object: string, context: TaskContext): void {
    const held = this.failing.get(context)
    if (held?.delete(object) && held.size === 0) context.conditions.clear('object-held')
  }

  private processDueObject(key: string, planning: PlanContext, context: TaskContext): void {
    const table = context.table('objects')
    const row = objectRow.decode(table.get(key)!)
    if (!row.news) {
      // Nothing waits, and the object has been gone long enough. Its decisions can still be found.
      const pages = (row.trail ?? []).filter((page) => context.table('history').get(page) !== undefined)
      archiveOldest(context, key, pages, pages.length, planning.now)
      table.delete(key)
      return
    }
    const plan = planOf(row, row.news)
    releaseHeld(planning, plan)
    repeat(planning, plan)
    const { incarnation, revision, current, goneAt } = row
    const mark = { incarnation, revision, ...(current ? { current } : {}) }
    putObject(context, row.news, row, rowOf({ ...mark, ...(goneAt === undefined ? {} : { goneAt }) }, plan))
  }

  private planContext(context: TaskContext, cache: TaskCache, now: number): PlanContext {
    return {
      tables: context,
      directions: this.options.directions(),
      now,
      behind: cache.behind,
      planned: cache.planned,
      dependants: this.options.dependants,
      gathers: this.options.gathers,
      groupElsewhere: this.options.groupElsewhere,
      count: (decision, reason) => this.options.events.decided(decision, reason),
    }
  }
}

/** Deletes what has been cache long enough, as far as a slice goes; answers when to look again. */
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
