import {
  DEAD_LETTER,
  deadLetterOf,
  skippedLetter,
  decodeSourceAs,
  encodeChange,
  encodeSource,
  objectIdOf,
  type Change,
  type ObjectId,
  type SourceCommand,
} from '@quorate/contracts'
import { describeDamage, partitionOf, type LogRecord, type Offset } from '@quorate/log'
import {
  Contained,
  faultOf,
  type Prepared,
  type Processor,
  type Refusal,
  type Skipped,
  type SourceChange,
  type TaskBatch,
  type TaskContext,
} from '@quorate/streams'
import { Counters } from './counters'
import { mend, mendedText } from './objects/mending'
import { rebuild } from './objects/rebuilding'
import type { Refolded } from './replay/refold'
import { PartitionState } from './objects/partition-state'
import { appendedAgain } from './misplaced'
import { Outcomes } from './outcomes'
import type { VoteProcessorOptions } from './processor-options'
import { requestOf } from './requests/request-key'
import { keepRequest, knownRequest } from './requests/requests'
import { RuleFaults } from './rule-faults'
import { TABLE } from './tables'
import { DeadlineFault, Fold, Holds, RETRY_AFTER, NO_RULES, type Applied } from '@quorate/vote'

/** What is kept per task between batches. */
interface TaskState {
  readonly state: PartitionState
  readonly fold: Fold
}

/** The most early due times that one call of `nextDue` corrects. */
const MAX_SCHEDULE_CHECKS = 10_000

/**
 * Turns records of one source partition into votes, changes and dead letters (docs/architecture.md, "Flow"). Each
 * record first advances time. Then its routing is checked, before decoding. Then it is decoded and applied.
 */
export class VoteProcessor implements Processor {
  readonly counters: Counters
  /** The effects of operators' commands, by position. */
  readonly outcomes: Outcomes
  /** Policies whose rule cannot decide. */
  readonly ruleFaults: RuleFaults
  readonly #options: VoteProcessorOptions
  /** Objects that cannot be evaluated, by partition. Not part of the cache, so that they survive a dropped batch. */
  readonly #holds = new Map<number, Holds>()
  /** The reports from the source of objects whose rows must be repaired, by partition. */
  readonly #refolded = new Map<number, ReadonlyMap<ObjectId, Refolded>>()
  /** Partitions whose rows could not be checked. */
  readonly #unmended = new Set<number>()

  constructor(options: VoteProcessorOptions) {
    this.#options = options
    this.counters = options.counters ?? new Counters()
    this.outcomes = options.outcomes ?? new Outcomes()
    this.ruleFaults = options.ruleFaults ?? new RuleFaults()
  }

  /** Rebuilds rows that an earlier release wrote wrongly from the source, if it still has the records. */
  async prepare(task: Prepared): Promise<void> {
    const { rules = NO_RULES, incarnationBase = 0, logger } = this.#options
    this.#refolded.set(task.partition, await rebuild(task, { rules, incarnationBase, logger }))
  }

  process(batch: TaskBatch, context: TaskContext): Offset {
    const { state, fold } = this.#taskState(context)
    const { records } = batch
    if (!state.isChecked && records.length > 0 && !this.#unmended.has(context.partition))
      this.#mend(state, fold, records[0]!.offset, context)
    for (let i = 0; i < records.length; i++) {
      const record = records[i]!
      try {
        if (!fold.advance(record.timestamp, record.offset)) return record.offset
        if (!this.#apply(record, state, fold, context)) return record.offset
      } catch (error) {
        throw this.#faultOf(error, record, context)
      }
      if (state.full && i + 1 < records.length) return records[i + 1]!.offset
    }
    return batch.next
  }

  /** A record that cannot be applied advances stream time and becomes a dead letter. */
  refuse({ record, code, message, level }: Refusal, context: TaskContext): boolean {
    if (level === 0) {
      const { state, fold } = this.#taskState(context)
      try {
        if (!fold.advance(record.timestamp, record.offset)) return false
      } catch (error) {
        throw this.#faultOf(error, record, context)
      }
      if (state.pending?.offset === record.offset) state.pending = null
    }
    const reason = `${code}: ${message}`
    const shown = level < 2 ? record : { ...record, key: null, value: null, headers: [] }
    this.#deadLetter(shown, 'failed', reason, context)
    this.outcomes.note(context.partition, record.offset, { reject: reason })
    return true
  }

  /** Incarnations are offsets, which start over: new ones must be greater than all before. */
  sourceChanged({ before, from, now }: SourceChange, context: TaskContext): void {
    const { state } = this.#taskState(context)
    // If nothing is known: no log has as many offsets as there are milliseconds since 1970.
    state.raiseIncarnations(before === undefined ? now : state.incarnationBase + Math.max(0, before - from))
    // It refers to a record that will not come again.
    state.pending = null
  }

  /** A skipped record has no effect and does not advance time. */
  skip(skipped: Skipped, context: TaskContext): void {
    const { offset, last, record, reason, by } = skipped
    const { state } = this.#taskState(context)
    if (state.pending !== null && state.pending.offset >= offset && state.pending.offset <= last) state.pending = null
    this.counters.deadLetters.skipped++
    const origin = { topic: context.source, partition: context.partition, offset }
    context.forward('dead-letters', skippedLetter({ last, record, reason, by }, origin))
    this.outcomes.note(context.partition, offset, { reject: `skipped by ${by}: ${reason}` })
  }

  /**
   * An object whose deadline cannot be evaluated is held, and the batch runs again without it: the record being
   * processed is not the cause.
   */
  #faultOf(error: unknown, { timestamp, offset }: LogRecord, context: TaskContext): unknown {
    if (!(error instanceof DeadlineFault)) return faultOf(error, offset)
    if (faultOf(error.cause) === error.cause) return error.cause
    this.#hold(error, timestamp, context)
    return new Contained(error.message)
  }

  #hold({ id, message }: DeadlineFault, now: number, context: TaskContext): void {
    const { time } = this.#taskState(context).state.clock
    const holds = this.#holdsOf(context.partition)
    holds.hold(id, Math.max(now, time) + RETRY_AFTER)
    context.conditions.raise({
      code: 'object-held',
      reason:
        'an object cannot be evaluated at its deadline: its last state is held, its reports are kept, and it ' +
        'is tried again each minute; please report it',
      detail: message,
      blocks: [],
    })
  }

  #holdsOf(partition: number): Holds {
    let holds = this.#holds.get(partition)
    if (holds === undefined) this.#holds.set(partition, (holds = new Holds()))
    return holds
  }

  flush(context: TaskContext): void {
    if (context.cache === undefined) return
    const { state } = this.#taskState(context)
    state.flush()
    if (state.holds.size === 0 && this.#holds.delete(context.partition)) context.conditions.clear('object-held')
  }

  /**
   * The earliest due time. Armed times may be early. They are corrected here, so that agents that keep reporting cause
   * no ticks.
   */
  nextDue(context: TaskContext): number | undefined {
    const { state, fold } = this.#taskState(context)
    // The repair waits for a record: the tick that follows is one.
    if (!state.isChecked) return 0
    for (let checks = 0; checks < MAX_SCHEDULE_CHECKS; checks++) {
      const first = state.firstDue(Infinity)
      if (first === undefined) return undefined
      if (state.holds.until(first.id) !== undefined) return first.due
      try {
        if (!fold.postpone(first.id, first.due)) return first.due
      } catch (error) {
        if (faultOf(error) === error) throw error
        this.#hold(new DeadlineFault(first.id, error), state.clock.time, context)
        return first.due
      }
    }
    // There are more than one call may correct. The next call continues from here.
    return undefined
  }

  /** Only records advance stream time: the tick's append time does (vote.md 1). */
  punctuate(_now: number, context: TaskContext): void {
    this.counters.ticksAppended++
    context.forward('reports', { ...encodeSource({ type: 'tick' }), partition: context.partition })
  }

  #taskState(context: TaskContext): TaskState {
    const kept = context.cache as TaskState | undefined
    if (kept !== undefined) return kept
    const { rules = NO_RULES, incarnationBase = 0, hotBytes = 16 << 20, dirtyObjects = 512 } = this.#options
    const emit = (change: Change) => this.#emit(change, context)
    const { ruleFaults } = this
    const holds = this.#holdsOf(context.partition)
    const state = new PartitionState(context, {
      rules,
      incarnationBase,
      hotBytes,
      dirtyObjects,
      emit,
      ruleFaults,
      onObject: this.#options.onObject,
      holds,
    })
    return (context.cache = { state, fold: new Fold(state) })
  }

  #mend(state: PartitionState, fold: Fold, offset: Offset, context: TaskContext): void {
    const { rules = NO_RULES, logger } = this.#options
    let mended
    try {
      const refolded = this.#refolded.get(context.partition) ?? new Map<ObjectId, Refolded>()
      mended = mend({ state, fold, tables: (name) => context.table(name), rules, refolded, offset })
    } catch (error) {
      if (faultOf(error) === error) throw error
      // A row cannot be read. What was repaired stays, and the record is not the cause.
      this.#unmended.add(context.partition)
      const reason =
        'the rows of this partition could not be checked, because one of them cannot be read; they are left ' +
        'unchanged'
      context.conditions.raise({ code: 'rows-unchecked', reason, detail: String(error), blocks: [] })
      throw new Contained(reason)
    }
    const { partition } = context
    if (Object.values(mended).some((count) => count > 0)) logger?.warn({ partition, ...mended }, mendedText(mended))
  }

  /** Returns false if it was cut inside the record. */
  #apply(record: LogRecord, state: PartitionState, fold: Fold, context: TaskContext): boolean {
    const { key } = record
    let id: ObjectId | null = null
    if (key !== null) {
      const read = objectIdOf(key)
      if (read === undefined) {
        this.#deadLetter(
          record,
          'key',
          'the key is not an object id: 1–512 bytes of UTF-8 without control characters',
          context,
        )
        return true
      }
      if (!state.isHot(read) && partitionOf(key, context.partitions) !== context.partition) {
        this.#reroute(record, partitionOf(key, context.partitions), context)
        return true
      }
      id = read
    } else if (record.damaged !== undefined) {
      this.#deadLetter(record, 'damaged', describeDamage(record.damaged), context)
      return true
    }
    const request = record.headers.length === 0 ? undefined : requestOf(record.headers)
    if (request !== undefined) {
      const known = knownRequest(context.table(TABLE.requests), request.key, state.clock.time)
      if (known !== undefined && known.offset !== record.offset) {
        // The repeat of a request has no effect but advancing stream time. Its writer gets the outcome of the first
        // one.
        this.counters.repeats++
        this.outcomes.note(context.partition, record.offset, known.outcome)
        return true
      }
    }
    const { command, reject } = decodeSourceAs(record, id)
    if (command === undefined) {
      this.#deadLetter(record, 'contract', reject, context)
      return true
    }
    const applied = fold.apply(command, record.offset)
    if (applied === 'cut') return false
    this.#count(command, applied, record.offset, context.partition)
    if (request !== undefined) {
      const row = { offset: record.offset, at: state.clock.time, outcome: applied }
      keepRequest(context.table(TABLE.requests), request, row)
    }
    if (typeof applied === 'object') this.#deadLetter(record, 'policy', applied.reject, context)
    return true
  }

  #count(command: SourceCommand, applied: Applied, offset: Offset, partition: number): void {
    const { counters } = this
    if (command.type === 'report') {
      // There are too many accepted reports to remember their outcomes.
      if (typeof applied === 'string') counters.reports[applied]++
      else this.outcomes.note(partition, offset, applied)
      return
    }
    if (command.type === 'tick') {
      counters.ticks++
      return
    }
    if (typeof applied === 'string') counters.commands[applied]++
    this.outcomes.note(partition, offset, applied)
  }

  #emit(change: Change, context: TaskContext): void {
    this.counters.changes[change.type]++
    context.forward('states', { ...encodeChange(change, this.#options.source), partition: context.partition })
  }

  /**
   * Appends a misplaced record again to the partition of its key. The original has no effect but advancing stream time.
   */
  #reroute(record: LogRecord, partition: number, context: TaskContext): void {
    const { again, reject } = appendedAgain(record, context.partition, partition)
    if (again === undefined) {
      this.#deadLetter(record, 'size', reject, context)
      return
    }
    this.counters.rerouted++
    context.forward('reports', { ...again, partition })
  }

  #deadLetter(record: LogRecord, kind: keyof Counters['deadLetters'], reason: string, context: TaskContext): void {
    this.counters.deadLetters[kind]++
    const origin = { topic: context.source, partition: context.partition, offset: record.offset }
    const letter = deadLetterOf(record, origin, reason)
    const kinds = kind === 'failed' ? [[DEAD_LETTER.kind, kind] as const] : []
    context.forward('dead-letters', { ...letter, headers: [...letter.headers, ...kinds] })
  }
}
