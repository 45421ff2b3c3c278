import type { OutRecord } from '@quorate/log'
import type { PartitionStore, Table } from '@quorate/state-store'
import type { PartitionConditions } from './conditions'
import type { Forwarded, OutputName, TaskContext } from './context'
import type { Topology } from './topology'

/** How much one commit may carry, and how long it may keep others waiting. */
export interface BatchLimits {
  /** Staged rows and forwarded records together: then it is sealed. */
  readonly rows: number
  /** ms of the event loop at a stretch: then heartbeats and queries get their turn, and the batch goes on. */
  readonly turnMs: number
  /** ms of the event loop in all its turns: then it is sealed. */
  readonly workMs: number
  /**
   * ms between the beginnings of two commits of a partition that keeps up: a record that comes alone goes at once, a
   * trickle in small batches. A transaction costs three requests and half a dozen writes in the brokers, whatever it
   * carries.
   */
  readonly paceMs: number
}

export const BATCH_LIMITS: BatchLimits = { rows: 20_000, turnMs: 30, workMs: 100, paceMs: 16 }

/** Asking the clock costs as much as a row: it is read at every n-th question only. */
const CLOCK_EVERY = 16

/** What one batch stages: rows in the store, records for the outputs. One per task, used again for every batch. */
export class BatchContext implements TaskContext {
  readonly source: string
  cache: unknown = undefined
  private forwarded: OutRecord[] = []
  private worked = 0
  private turnAt = 0
  private asked = 0

  constructor(
    readonly partition: number,
    readonly partitions: number,
    private readonly topology: Topology,
    private readonly store: PartitionStore,
    private readonly limits: BatchLimits,
    readonly conditions: PartitionConditions,
    private readonly onDropped: () => void,
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
    if (this.isLarge) return true
    return ++this.asked % CLOCK_EVERY === 0 && performance.now() - this.turnAt >= this.limits.turnMs
  }

  /** Ends a turn of the event loop. True when the batch should be sealed now, be there more to take or not. */
  rest(): boolean {
    this.worked += performance.now() - this.turnAt
    return this.isLarge || this.worked >= this.limits.workMs
  }

  private get isLarge(): boolean {
    return this.store.stagedRows + this.forwarded.length >= this.limits.rows
  }

  /** Opens a batch, and its first turn. */
  begin(): void {
    this.forwarded = []
    this.worked = 0
    this.turn()
  }

  /** Begins the batch's next turn of the event loop. */
  turn(): void {
    this.turnAt = performance.now()
    this.asked = 0
  }

  /** Seals it: the records to forward. */
  seal(): readonly OutRecord[] {
    return this.forwarded
  }

  /** True when the current batch would change nothing. */
  get empty(): boolean {
    return this.forwarded.length === 0 && this.store.stagedRows === 0
  }

  /** Drops everything staged, and what the processor keeps decoded: it may have changed with the batch. */
  drop(): void {
    this.forwarded = []
    this.cache = undefined
    this.store.rollback()
    this.onDropped()
  }
}
