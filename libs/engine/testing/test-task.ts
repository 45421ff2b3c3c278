import { encodeSource, type SourceCommand } from '@quorate/contracts'
import { type LogRecord, silentLogger } from '@quorate/log'
import { type PartitionStore, sqliteStores, type Table } from '@quorate/state-store'
import { Conditions, type Forwarded, type PartitionConditions, type TaskContext } from '@quorate/streams'
import { VoteProcessor } from '../src/processor'
import type { VoteProcessorOptions } from '../src/processor-options'
import { AGGREGATOR_TABLES } from '../src/tables'
import type { ScenarioLine } from './scenario'

export type Sent = Forwarded & { readonly output: string }

export interface TestTaskOptions extends Partial<VoteProcessorOptions> {
  readonly partition?: number
  readonly partitions?: number
  /** Called at each `full`: cut here? */
  readonly cut?: () => boolean
  /**
   * Called before each commit: does the process crash instead? The task is then created again from what was committed.
   */
  readonly crash?: () => boolean
  /** After a crash the store is restored from the changelog. */
  readonly wipe?: boolean
  /** Path of the store's file; in memory by default. */
  readonly file?: string
}

/**
 * One task over a store in memory, committed batch by batch: the real processor, with a cut after any evaluation and a
 * crash before any commit.
 */
export class TestTask {
  readonly sent: Sent[] = []
  readonly changelog = new Map<string, Buffer>()
  processor: VoteProcessor
  store: PartitionStore
  context: TestContext
  commits = 0
  crashes = 0
  offset = 0
  readonly #options: TestTaskOptions
  #standby: PartitionStore | undefined
  /** Changes that the standby has not received yet. */
  #behind = new Map<string, Buffer | null>()

  constructor(options: TestTaskOptions = {}) {
    this.#options = options
    this.store = open(options.file)
    this.processor = this.#process()
    this.context = this.#context()
  }

  /** Applies the records from the committed offset on, in as many batches as needed. */
  run(records: readonly LogRecord[]): void {
    const next = records.length === 0 ? this.offset : records.at(-1)!.offset + 1
    let attempts = 0
    while (this.offset < next) {
      const rest = records.filter(({ offset }) => offset >= this.offset)
      const before = this.offset
      const resume = this.processor.process({ records: rest, next, end: next }, this.context)
      this.processor.flush(this.context)
      if (++attempts > 100_000) throw new Error(`stuck at ${before}`)
      if (this.#options.crash?.() === true) {
        this.#die()
        continue
      }
      this.#commit(resume)
    }
  }

  tables = (name: string) => this.store.committed(name)

  /** Returns `nextDue` and commits its corrections. */
  nextDue(): number | undefined {
    const due = this.processor.nextDue(this.context)
    this.processor.flush(this.context)
    this.#commit(this.offset)
    return due
  }

  to(output: string): Sent[] {
    return this.sent.filter((record) => record.output === output)
  }

  #commit(resume: number): void {
    this.commits++
    for (const { key, value } of this.store.changes()) {
      if (value === null) this.changelog.delete(key)
      else this.changelog.set(key, value)
      this.#behind.set(key, value)
    }
    this.store.apply({ source: resume, time: 0 }, this.commits)
    this.sent.push(...this.context.forwarded)
    this.context.forwarded = []
    this.offset = resume
  }

  #die(): void {
    this.crashes++
    if (this.#options.wipe === true) this.restore()
    else this.store.rollback()
    this.#begin()
  }

  /** Creates a new store from the changelog. */
  restore(): void {
    this.store.close()
    if (this.#options.file !== undefined) sqliteStores.remove(this.#options.file)
    this.store = open(this.#options.file)
    this.store.load(this.#rows(), this.commits)
    this.#begin()
  }

  /** Closes the task and opens it again on the same file; without one, on the same store. */
  reopen(): void {
    if (this.#options.file !== undefined) {
      this.store.close()
      this.store = open(this.#options.file)
    }
    this.#begin()
  }

  /** Brings the standby up to the changelog. */
  follow(): void {
    this.#standby ??= open()
    this.#standby.load(
      [...this.#behind].map(([key, value]) => ({ key, value })),
      this.commits,
    )
    this.#behind.clear()
  }

  /** The standby becomes active. */
  promote(): void {
    this.follow()
    this.store.close()
    this.store = this.#standby!
    this.#standby = undefined
    this.#behind = new Map(this.changelog)
    this.#begin()
  }

  /** Creates another store from the changelog alone; close it when done. */
  copy(): PartitionStore {
    const copy = open()
    copy.load(this.#rows(), this.commits)
    return copy
  }

  close(): void {
    this.store.close()
    this.#standby?.close()
  }

  #rows() {
    return [...this.changelog].map(([key, value]) => ({ key, value }))
  }

  #begin(): void {
    this.processor = this.#process()
    this.context = this.#context()
  }

  #process(): VoteProcessor {
    return new VoteProcessor({ source: '/quorate/aggregator', ...this.#options })
  }

  #context(): TestContext {
    const { partition = 0, partitions = 1, cut = () => false } = this.#options
    return new TestContext(partition, partitions, (name) => this.store.table(name), cut)
  }
}

const open = (file = ':memory:') =>
  sqliteStores.open({ file, tables: AGGREGATOR_TABLES, schemaVersion: 1, topicId: 'changelog' })

class TestContext implements TaskContext {
  readonly source = 'quorate.reports'
  cache: unknown
  forwarded: Sent[] = []
  readonly raised = new Conditions(silentLogger)
  readonly conditions: PartitionConditions

  constructor(
    readonly partition: number,
    readonly partitions: number,
    readonly table: (name: string) => Table,
    readonly cut: () => boolean,
  ) {
    this.conditions = this.raised.of(partition)
  }

  forward(output: string, record: Forwarded): void {
    this.forwarded.push({ output, ...record })
  }

  get full(): boolean {
    return this.cut()
  }
}

/** A scenario's lines as records of the source; looks become ticks, so that offsets are the same. */
export const recordsOf = (lines: readonly ScenarioLine[]): LogRecord[] =>
  lines.map((line, offset) => {
    const { type, object, data } = line.type === 'look' ? { type: 'tick', object: undefined, data: undefined } : line
    const command = { type, ...(object === undefined ? {} : { object }), data } as SourceCommand
    const { key, value, headers } = encodeSource(command)
    return {
      offset,
      timestamp: line.at,
      key: key === null ? null : Buffer.from(key),
      value: value === null ? null : Buffer.from(value),
      headers: headers.map(([name, text]) => [name, Buffer.from(text)] as const),
    }
  })
