import type { OutRecord } from '@quorate/log'
import type { PartitionStore, Table } from '@quorate/state-store'
import type { Forwarded, OutputName, TaskContext } from './context'
import type { Topology } from './topology'

/** How much one commit may carry before `full` says so. */
export interface BatchLimits {
  /** Staged rows and forwarded records together. */
  readonly rows: number
  /** ms of the event loop. */
  readonly ms: number
}

export const BATCH_LIMITS: BatchLimits = { rows: 20_000, ms: 30 }

/** Asking the clock costs as much as a row: it is read at every n-th question only. */
const CLOCK_EVERY = 16

/** What one batch stages: rows in the store, records for the outputs. One per task, used again for every batch. */
export class BatchContext implements TaskContext {
  readonly source: string
  cache: unknown = undefined
  private forwarded: OutRecord[] = []
  private startedAt = 0
  private asked = 0

  constructor(
    readonly partition: number,
    readonly partitions: number,
    private readonly topology: Topology,
    private readonly store: PartitionStore,
    private readonly limits: BatchLimits,
  ) {
    this.source = topology.source
  }

  table(name: string): Table {
    return this.store.table(name)
  }

  forward(output: OutputName, record: Forwarded): void {
    const topic = this.topology.outputs[output]
    if (topic === undefined) throw new Error(`the topology of ${this.topology.applicationId} has no output ${output}`)
    const { partition = output === 'dead-letters' ? 0 : this.partition, ...rest } = record
    this.forwarded.push({ topic, partition, ...rest })
  }

  get full(): boolean {
    if (this.store.stagedRows + this.forwarded.length >= this.limits.rows) return true
    return ++this.asked % CLOCK_EVERY === 0 && performance.now() - this.startedAt >= this.limits.ms
  }

  /** Opens a batch. */
  begin(): void {
    this.forwarded = []
    this.startedAt = performance.now()
    this.asked = 0
  }

  /** Seals it: the records to forward. */
  seal(): readonly OutRecord[] {
    return this.forwarded
  }

  /** True when the batch in hand would change nothing. */
  get empty(): boolean {
    return this.forwarded.length === 0 && this.store.stagedRows === 0
  }

  /** Drops everything staged, and what the processor keeps decoded: it may have changed with the batch. */
  drop(): void {
    this.forwarded = []
    this.cache = undefined
    this.store.rollback()
  }
}
