import type { GroupMember } from '@quorate/log'
import { type BulkLoader, type PartitionStores, sqliteStores } from '@quorate/state-store'
import { join } from 'node:path'
import { BATCH_LIMITS } from '../batch-context'
import type { Clock } from '../clock'
import type { Conditions } from '../conditions'
import type { InstructionBoard } from '../faults/instruction-board'
import { Semaphore } from '../restore/semaphore'
import type { SourceEnds } from './source-ends'
import type { StandbyOptions } from '../restore/standby'
import type { StreamsOptions } from './streams-options'
import type { TaskOptions } from '../task/task'

/**
 * Restores at once in a process: each sorts and loads a chunk in memory. Standbys have one place of their own: nobody
 * waits for them.
 */
const RESTORES = { active: 2, standby: 1 }

export interface KitOptions {
  readonly streams: StreamsOptions
  readonly clock: Clock
  readonly conditions: Conditions
  readonly board: InstructionBoard
  readonly partitions: () => number
  readonly member: () => GroupMember | undefined
  readonly sourceEnds: SourceEnds
}

/** What the tasks of one process are made with, and share. */
export class TaskKit {
  private readonly restores = { active: new Semaphore(RESTORES.active), standby: new Semaphore(RESTORES.standby) }
  private readonly stores: PartitionStores
  private readonly loader: BulkLoader

  constructor(private readonly options: KitOptions) {
    this.stores = options.streams.stores ?? sqliteStores
    this.loader = this.stores.loader()
  }

  /** Changelog positions of the files of an earlier life, so that the group can give us back what we have. */
  async filesFound(): Promise<Map<number, number>> {
    const { log, topology, dataDir } = this.options.streams
    const changelog = await log.describeTopic(topology.changelog)
    if (dataDir === ':memory:' || !changelog) return new Map()
    const { schemaVersion } = topology
    return this.stores.positions(join(dataDir, topology.applicationId), { schemaVersion, topicId: changelog.id })
  }

  forStandby(partition: number): Omit<StandbyOptions, 'onChange'> {
    const { topology, log, logger } = this.options.streams
    return {
      partition,
      topology,
      log,
      logger,
      clock: this.options.clock,
      conditions: this.options.conditions,
      file: this.fileOf(partition),
      restores: this.restores.standby,
      stores: this.stores,
      loader: this.loader,
      sourceEnd: () => this.options.sourceEnds.get(partition),
    }
  }

  forActive(partition: number): Omit<TaskOptions, 'onChange' | 'local'> {
    const { clock, conditions, board, partitions, member } = this.options
    const { topology, log, logger, processor, handle, limits, observe, acknowledgedSource } = this.options.streams
    return {
      partition,
      partitions: partitions(),
      topology,
      log,
      logger,
      processor,
      handle: handle ?? ((batch, context) => processor.process(batch, context)),
      file: this.fileOf(partition),
      limits: { ...BATCH_LIMITS, ...limits },
      acknowledgedSource,
      restores: this.restores.active,
      stores: this.stores,
      loader: this.loader,
      clock,
      conditions,
      board,
      identity: () => member()?.identity,
      current: () => member()?.current ?? false,
      observe,
    }
  }

  /** When no task is left. */
  close(): Promise<void> {
    return this.loader.close()
  }

  private fileOf(partition: number): string {
    const { dataDir, topology } = this.options.streams
    return dataDir === ':memory:' ? dataDir : join(dataDir, topology.applicationId, `${partition}.db`)
  }
}
