import {
  DEAD_LETTER, deadLetterOf, skippedLetter, decodeSourceAs, encodeChange, encodeSource, objectIdOf, type Change, type ObjectId, type SourceCommand,
} from '@quorate/contracts' // prettier-ignore
import { describeDamage, partitionOf, type LogRecord, type Offset, type Logger } from '@quorate/log'
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
import { requestOf } from './requests/request-key'
import { keepRequest, knownRequest } from './requests/requests'
import { RuleFaults } from './rule-faults'
import { TABLE } from './tables'
import { DeadlineFault, Fold, Holds, RETRY_AFTER, NO_RULES, type Applied, type Rules } from '@quorate/vote'

export interface VoteProcessorOptions {
  /** `/<prefix>/<application id>`: the source of the events. */
  readonly source: string
  /** Rules registered in code. */
  readonly rules?: Rules
  readonly incarnationBase?: number
  /** Bytes of memory for each partition's objects, about. */
  readonly hotBytes?: number
  /** Changed objects that are gathered before they are encoded. */
  readonly dirtyObjects?: number
  readonly counters?: Counters
  readonly logger?: Logger
  readonly outcomes?: Outcomes
  readonly ruleFaults?: RuleFaults
  readonly turnsTo?: (partition: number, id: ObjectId) => void
}

/** What is kept of a task between batches. */
interface Kept {
  readonly state: PartitionState
  readonly fold: Fold
}

/** Objects whose early due time is put right in one look for the earliest. */
const MAX_SCHEDULE_CHECKS = 10_000

/**
 * Records of one source partition → votes, changes, dead letters (docs/architecture.md, "Flow"). Each record first advances time; then its routing
 * is judged, before decoding; then it is decoded and applied.
 */
export class VoteProcessor implements Processor {
  readonly counters: Counters
  /** What operators' commands led to, by position. */
  readonly outcomes: Outcomes
  /** Policies whose rule cannot decide. */
  readonly ruleFaults: RuleFaults
  readonly #options: VoteProcessorOptions
  /** Objects that cannot be evaluated, by partition: outside of what a dropped batch takes along. */
  readonly #holds = new Map<number, Holds>()
  /** What the source says of objects whose rows are to be mended, by partition. */
  readonly #refolded = new Map<number, ReadonlyMap<ObjectId, Refolded>>()
  /** Partitions whose rows could not be checked. */
  readonly #unmended = new Set<number>()

  constructor(options: VoteProcessorOptions) {
    this.#options = options
    this.counters = options.counters ?? new Counters()
    this.outcomes = options.outcomes ?? new Outcomes()
    this.ruleFaults = options.ruleFaults ?? new RuleFaults()
  }

  /** Rows that an earlier release wrote wrongly are rebuilt from the source, where it reaches. */
  async prepare(task: Prepared): Promise<void> {
    const { rules = NO_RULES, incarnationBase = 0, logger } = this.#options
    this.#refolded.set(task.partition, await rebuild(task, { rules, incarnationBase, logger }))
  }

  process(batch: TaskBatch, context: TaskContext): Offset {
    const { state, fold } = this.#kept(context)
    const { records } = batch
    if (!state.isChecked && records.length > 0 && !this.#unmended.has(context.partition))
      this.#mend(state, fold, records[0]!.offset, context)
    for (let i = 0; i < records.length; i++) {
      const record = records[i]!
      try {
        if (!fold.advance(record.timestamp, record.offset)) return record.offset
        if (!this.#take(record, state, fold, context)) return record.offset
      } catch (error) {
        throw this.#faultOf(error, record, context)
      }
      if (state.full && i + 1 < records.length) return records[i + 1]!.offset
    }
    return batch.next
  }

  /** A record that cannot be applied moves time on and goes to the dead letters. */
  refuse({ record, code, message, level }: Refusal, context: TaskContext): boolean {
    if (level === 0) {
      const { state, fold } = this.#kept(context)
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

  /** Incarnations are offsets, which begin again: those to come must be greater than all before. */
  sourceChanged({ before, from, now }: SourceChange, context: TaskContext): void {
    const { state } = this.#kept(context)
    // Where nothing is known any more: no log has as many offsets as there are milliseconds since 1970.
    state.raiseIncarnations(before === undefined ? now : state.incarnationBase + Math.max(0, before - from))
    // Of a record that will not come again.
    state.pending = null
  }

  /** What an operator leaves out does nothing, and time does not move on by it. */
  skip(skipped: Skipped, context: TaskContext): void {
    const { offset, last, record, reason, by } = skipped
    const { state } = this.#kept(context)
    if (state.pending !== null && state.pending.offset >= offset && state.pending.offset <= last) state.pending = null
    this.counters.deadLetters.skipped++
    const origin = { topic: context.source, partition: context.partition, offset }
    context.forward('dead-letters', skippedLetter({ last, record, reason, by }, origin))
    this.outcomes.note(context.partition, offset, { reject: `skipped by ${by}: ${reason}` })
  }

  /** An object whose deadline cannot be evaluated is held, and the batch runs again without it: the record at hand is innocent. */
  #faultOf(error: unknown, { timestamp, offset }: LogRecord, context: TaskContext): unknown {
    if (!(error instanceof DeadlineFault)) return faultOf(error, offset)
    if (faultOf(error.cause) === error.cause) return error.cause
    this.#hold(error, timestamp, context)
    return new Contained(error.message)
  }

  #hold({ id, message }: DeadlineFault, now: number, context: TaskContext): void {
    const { time } = this.#kept(context).state.clock
    const holds = this.#holdsOf(context.partition)
    holds.hold(id, Math.max(now, time) + RETRY_AFTER)
    context.conditions.raise({
      code: 'object-held',
      reason:
        'an object cannot be evaluated at its deadline: its last state is held, its reports are kept, and it is tried again each minute; please report it',
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
    const { state } = this.#kept(context)
    state.flush()
    if (state.holds.size === 0 && this.#holds.delete(context.partition)) context.conditions.clear('object-held')
  }

  /** The earliest due time. What the schedule holds may be early: it is put right here, so that fresh agents cause no ticks. */
  nextDue(context: TaskContext): number | undefined {
    const { state, fold } = this.#kept(context)
    // The mending waits for a record: the tick that follows is one.
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
    // More of them than one look may take; the next one goes on from here.
    return undefined
  }

  /** Time passes by records alone: the tick's append time moves it on (vote.md 1). */
  punctuate(_now: number, context: TaskContext): void {
    this.counters.ticksAppended++
    context.forward('reports', { ...encodeSource({ type: 'tick' }), partition: context.partition })
  }

  #kept(context: TaskContext): Kept {
    const kept = context.cache as Kept | undefined
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
      turnsTo: this.#options.turnsTo,
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
      // A row that cannot be read; what could be mended stays as it is, and no record is to blame.
      this.#unmended.add(context.partition)
      const reason = 'the rows of this partition could not be checked, because one cannot be read; it is left as it is'
      context.conditions.raise({ code: 'rows-unchecked', reason, detail: String(error), blocks: [] })
      throw new Contained(reason)
    }
    const { partition } = context
    if (Object.values(mended).some((count) => count > 0)) logger?.warn({ partition, ...mended }, mendedText(mended))
  }

  /** False: cut inside the record. */
  #take(record: LogRecord, state: PartitionState, fold: Fold, context: TaskContext): boolean {
    const { key } = record
    let id: ObjectId | null = null
    if (key !== null) {
      const read = objectIdOf(key)
      if (read === undefined) {
        this.#deadLetter(
          record,
          'key',
          'the key is no object id: 1–512 bytes of UTF-8 without control characters',
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
        // The repeat of a request: it moves time on and does nothing else. Who waits for it is told what the first one led to.
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
      // Of good ones there are too many to remember what they led to.
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

  /** Appended again to the partition of its key; the misplaced original has moved time on and does nothing else. */
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
