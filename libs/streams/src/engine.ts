import {
  type Assignment,
  type GroupMember,
  type Log,
  type Logger,
  type OutRecord,
  partitionOf,
  type Position,
} from '@quorate/log'
import { BulkThreads, filePositions, lockDirectory } from '@quorate/state-store'
import { join } from 'node:path'
import { assign } from './assignor'
import { Broadcaster } from './broadcaster'
import { BATCH_LIMITS, type BatchLimits } from './batch-context'
import { type Clock, systemClock } from './clock'
import type { CommitStep } from './commit'
import type { Processor } from './context'
import { StreamsError } from './errors'
import { decodeDown, type Directory, encodeUp } from './member-data'
import { Semaphore } from './semaphore'
import { SourceEnds } from './source-ends'
import { SourceGrowth } from './source-growth'
import type { StandbyOptions } from './standby'
import type { Owner, RunningTask, SourceRecord, Streams, StreamsStatus } from './streams'
import type { TaskOptions } from './task'
import { TaskSet } from './task-set'
import type { BatchHandler } from './task-work'
import type { Topology } from './topology'

export interface StreamsOptions {
  readonly topology: Topology
  readonly log: Log
  readonly processor: Processor
  /** Receives the batches; the processor itself by default. */
  readonly handle?: BatchHandler
  /** Stores lie in `<dataDir>/<application id>/<partition>.db`; `:memory:` keeps them in memory, for tests. */
  readonly dataDir: string
  /** Where other instances reach this one. */
  readonly url: string
  readonly version: string
  readonly logger: Logger
  readonly replication?: number
  /** Copies of each partition kept up in other instances; 1 by default. */
  readonly standbys?: number
  readonly limits?: Partial<BatchLimits>
  readonly sessionTimeoutMs?: number
  readonly heartbeatMs?: number
  /** Wall time and timers; the system's by default. */
  readonly clock?: Clock
  /** Told at each step of each commit; what it throws kills the task as a crash would. */
  readonly observe?: (step: CommitStep, partition: number) => void
}

/** Restores at once in a process: each sorts and loads a chunk in memory. Standbys have one place of their own: nobody waits for them. */
const RESTORES = { active: 2, standby: 1 }
const STANDBYS = 1
/** ms without progress, while there is something to do, until `live` is false. */
const STALLED = 60_000

export function createStreams(options: StreamsOptions): Streams {
  return new Engine(options)
}

class Engine implements Streams {
  partitions = 0
  private running: TaskSet
  private readonly listeners = new Set<() => void>()
  private readonly restores = { active: new Semaphore(RESTORES.active), standby: new Semaphore(RESTORES.standby) }
  private readonly threads = new BulkThreads()
  private readonly sourceEnds: SourceEnds
  private readonly clock: Clock
  private directory: Directory | undefined
  private member: GroupMember | undefined
  private readonly broadcaster: Broadcaster
  private unlock: (() => void) | undefined
  private growth: SourceGrowth | undefined
  private grown = false
  private stopped = false

  constructor(private readonly options: StreamsOptions) {
    this.clock = options.clock ?? systemClock
    const { log, logger, topology } = options
    this.broadcaster = new Broadcaster({ log, logger, id: `${topology.group}.broadcast`, topic: topology.source })
    this.sourceEnds = new SourceEnds(log, topology.source, logger, () => this.changed())
    this.running = this.taskSet(new Map())
  }

  async start(): Promise<void> {
    const { log, topology, dataDir, replication } = this.options
    if (dataDir !== ':memory:') this.unlock = lockDirectory(join(dataDir, topology.applicationId))
    try {
      await log.ensureTopics(topology.topics, replication === undefined ? {} : { replication })
      const source = await log.describeTopic(topology.source)
      if (!source) throw new StreamsError('STREAMS_SOURCE_LOST', `there is no topic ${topology.source}`)
      this.partitions = source.partitions
      this.running = this.taskSet(await this.filesFound())
      this.member = await log.join({
        group: topology.group,
        topic: topology.source,
        userData: () =>
          encodeUp({
            url: this.options.url,
            version: this.options.version,
            owned: this.running.partitions(),
            positions: this.running.positions(),
          }),
        assign: (members, partitions) => assign(members, partitions, this.options.standbys ?? STANDBYS),
        onAssignment: (assignment) => this.onAssignment(assignment),
        onLost: () => this.onLost(),
        ...(this.options.sessionTimeoutMs === undefined ? {} : { sessionTimeoutMs: this.options.sessionTimeoutMs }),
        ...(this.options.heartbeatMs === undefined ? {} : { heartbeatMs: this.options.heartbeatMs }),
      })
      const { logger } = this.options
      const onGrown = (error: StreamsError): void => this.onGrown(error)
      this.growth = new SourceGrowth({ log, logger, topic: topology.source, partitions: source.partitions, onGrown })
    } catch (error) {
      this.unlock?.()
      throw error
    }
  }

  async stop(): Promise<void> {
    if (this.stopped) return
    this.stopped = true
    // Close before leaving: whoever takes over then finds nothing open. They wait for us no longer than this takes.
    this.growth?.stop()
    this.sourceEnds.want(false)
    await this.running.close()
    await this.threads.close()
    await this.member?.leave()
    await this.broadcaster.close()
    this.unlock?.()
    this.changed()
  }

  partitionOf(key: string): number {
    return partitionOf(key, this.partitions)
  }

  task(partition: number): RunningTask | undefined {
    return this.running.get(partition)
  }

  tasks(): readonly RunningTask[] {
    return this.running.all()
  }

  standby(partition: number): RunningTask | undefined {
    return this.running.standby(partition)
  }

  standbys(): readonly RunningTask[] {
    return this.running.standbys()
  }

  owner(partition: number): Owner | undefined {
    return this.memberOf(this.directory?.owners[partition])
  }

  standbysOf(partition: number): readonly Owner[] {
    const members = this.directory?.standbys[partition] ?? []
    return members.map((id) => this.memberOf(id)).filter((found) => found !== undefined)
  }

  status(): StreamsStatus {
    const identity = this.member?.identity
    const members = Object.entries(this.directory?.members ?? {})
    return {
      group: this.options.topology.group,
      generation: identity?.generation,
      memberId: identity?.memberId,
      partitions: Array.from({ length: this.partitions }, (_, partition) => ({
        partition,
        owner: this.owner(partition),
        standbys: this.standbysOf(partition),
        task: this.task(partition),
      })),
      members: members.map(([memberId, { url, version }]) => ({
        memberId,
        url,
        version,
        self: memberId === identity?.memberId,
      })),
    }
  }

  get ready(): boolean {
    return (
      !this.stopped &&
      !this.grown &&
      this.member?.identity !== undefined &&
      this.directory !== undefined &&
      this.running.running
    )
  }

  get live(): boolean {
    if (this.grown) return false
    const since = this.clock.now() - STALLED
    return this.running
      .all()
      .every((task) => (task.state === 'running' && task.lag === 0) || task.progress.movedAt > since)
  }

  append(records: readonly SourceRecord[]): Promise<Position[]> {
    return this.options.log.append(records.map((record) => this.toSource(record)))
  }

  broadcast(record: Omit<OutRecord, 'topic' | 'partition'>): Promise<Position[]> {
    return this.broadcaster.write(record, this.partitions)
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  private memberOf(memberId: string | undefined): Owner | undefined {
    const found = memberId === undefined ? undefined : this.directory?.members[memberId]
    if (memberId === undefined || !found?.url) return undefined
    return { memberId, url: found.url, self: memberId === this.member?.identity?.memberId }
  }

  private toSource(record: SourceRecord): OutRecord {
    const { partition, ...rest } = record
    if (partition === undefined && record.key === null) throw new TypeError('a record without key needs a partition')
    return {
      ...rest,
      topic: this.options.topology.source,
      partition: partition ?? partitionOf(record.key!, this.partitions),
    }
  }

  private onAssignment(assignment: Assignment): void {
    if (this.stopped || this.grown) return
    const { logger } = this.options
    this.directory = decodeDown(assignment.userData) ?? this.directory
    const { generation, partitions, memberId } = assignment
    const standbys = (this.directory?.standbys ?? []).flatMap((ids, p) => (ids.includes(memberId) ? [p] : []))
    logger.info({ generation, partitions, standbys }, 'partitions assigned')
    this.running.assign(partitions, standbys)
    this.sourceEnds.want(standbys.length > 0)
    this.broadcaster.hold(assignment.partitions.includes(0))
    this.changed()
  }

  /** Lets go of everything, as at a stop, and stays up to say why. */
  private onGrown(error: StreamsError): void {
    const text = 'nothing more is processed; what is appended stays in the log'
    this.options.logger.error({ err: error, code: error.code }, text)
    this.grown = true
    this.broadcaster.hold(false)
    void this.running.close().then(() => this.member?.leave())
    this.changed()
  }

  private onLost(): void {
    this.options.logger.warn(
      {},
      'the group no longer knows this member; its partitions are closed until it has joined again',
    )
    this.broadcaster.hold(false)
    this.running.assign([], [])
    this.sourceEnds.want(false)
    this.changed()
  }

  /** Files of an earlier life, so that the group can give us back what we have. */
  private async filesFound(): Promise<Map<number, number>> {
    const { log, topology, dataDir } = this.options
    const changelog = await log.describeTopic(topology.changelog)
    if (dataDir === ':memory:' || !changelog) return new Map()
    const { schemaVersion } = topology
    return filePositions(join(dataDir, topology.applicationId), { schemaVersion, topicId: changelog.id })
  }

  private taskSet(found: ReadonlyMap<number, number>): TaskSet {
    return new TaskSet({
      logger: this.options.logger,
      optionsOf: (partition) => this.taskOptions(partition),
      standbyOptionsOf: (partition) => this.standbyOptions(partition),
      found,
      onChange: () => this.changed(),
    })
  }

  private fileOf(partition: number): string {
    const { dataDir, topology } = this.options
    return dataDir === ':memory:' ? dataDir : join(dataDir, topology.applicationId, `${partition}.db`)
  }

  private standbyOptions(partition: number): Omit<StandbyOptions, 'onChange'> {
    const { topology, log, logger } = this.options
    return {
      partition,
      topology,
      log,
      logger,
      clock: this.clock,
      file: this.fileOf(partition),
      restores: this.restores.standby,
      threads: this.threads,
      sourceEnd: () => this.sourceEnds.get(partition),
    }
  }

  private taskOptions(partition: number): Omit<TaskOptions, 'onChange' | 'local'> {
    const { topology, log, logger, processor, handle, limits, observe } = this.options
    return {
      partition,
      partitions: this.partitions,
      topology,
      log,
      logger,
      processor,
      handle: handle ?? ((batch, context) => processor.process(batch, context)),
      file: this.fileOf(partition),
      limits: { ...BATCH_LIMITS, ...limits },
      restores: this.restores.active,
      threads: this.threads,
      clock: this.clock,
      identity: () => this.member?.identity,
      current: () => this.member?.current ?? false,
      observe,
    }
  }

  private changed(): void {
    for (const listener of this.listeners) listener()
  }
}
