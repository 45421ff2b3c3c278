import {
  type Assignment,
  type GroupMember,
  type Log,
  LogError,
  type Logger,
  type OutRecord,
  partitionOf,
  type Position,
  type Transactor,
} from '@quorate/log'
import { lockDirectory } from '@quorate/state-store'
import { join } from 'node:path'
import { assign } from './assignor'
import { BATCH_LIMITS, type BatchLimits } from './batch-context'
import { type Clock, systemClock } from './clock'
import type { CommitStep } from './commit'
import type { Processor } from './context'
import { StreamsError } from './errors'
import { decodeDown, type Directory, encodeUp } from './member-data'
import { Semaphore } from './semaphore'
import type { Owner, RunningTask, SourceRecord, Streams, StreamsStatus } from './streams'
import { type BatchHandler, Task } from './task'
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
  readonly limits?: Partial<BatchLimits>
  readonly sessionTimeoutMs?: number
  readonly heartbeatMs?: number
  /** Wall time and timers; the system's by default. */
  readonly clock?: Clock
  /** Told at each step of each commit; what it throws kills the task as a crash would. */
  readonly observe?: (step: CommitStep, partition: number) => void
}

/** Restores at once in a process: each sorts and loads a chunk in memory. */
const RESTORES = 2
/** A task that was fenced though the group still gives it to us is tried again after this, ms. */
const FENCED_RETRY = 1_000
/** ms without progress, while there is something to do, until `live` is false. */
const STALLED = 60_000

export function createStreams(options: StreamsOptions): Streams {
  return new Engine(options)
}

class Engine implements Streams {
  partitions = 0
  private readonly running = new Map<number, Task>()
  private readonly leaving = new Map<number, Promise<void>>()
  private readonly listeners = new Set<() => void>()
  private readonly restores = new Semaphore(RESTORES)
  private readonly clock: Clock
  private assigned: readonly number[] = []
  private directory: Directory | undefined
  private member: GroupMember | undefined
  private broadcaster: Promise<Transactor> | undefined
  private unlock: (() => void) | undefined
  private stopped = false
  private allRunning = false

  constructor(private readonly options: StreamsOptions) {
    this.clock = options.clock ?? systemClock
  }

  async start(): Promise<void> {
    const { log, topology, dataDir, replication } = this.options
    if (dataDir !== ':memory:') this.unlock = lockDirectory(join(dataDir, topology.applicationId))
    try {
      await log.ensureTopics(topology.topics, replication === undefined ? {} : { replication })
      const source = await log.describeTopic(topology.source)
      if (!source) throw new StreamsError('STREAMS_SOURCE_LOST', `there is no topic ${topology.source}`)
      this.partitions = source.partitions
      this.member = await log.join({
        group: topology.group,
        topic: topology.source,
        userData: () =>
          encodeUp({ url: this.options.url, version: this.options.version, owned: [...this.running.keys()] }),
        assign,
        onAssignment: (assignment) => this.onAssignment(assignment),
        onLost: () => this.onLost(),
        ...(this.options.sessionTimeoutMs === undefined ? {} : { sessionTimeoutMs: this.options.sessionTimeoutMs }),
        ...(this.options.heartbeatMs === undefined ? {} : { heartbeatMs: this.options.heartbeatMs }),
      })
    } catch (error) {
      this.unlock?.()
      throw error
    }
  }

  async stop(): Promise<void> {
    if (this.stopped) return
    this.stopped = true
    this.assigned = []
    // Close before leaving: whoever takes over then finds nothing open. They wait for us no longer than this takes.
    for (const partition of [...this.running.keys()]) this.release(partition)
    await Promise.all(this.leaving.values())
    await this.member?.leave()
    await (await this.broadcaster?.catch(() => undefined))?.close()
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
    return [...this.running.values()]
  }

  owner(partition: number): Owner | undefined {
    const memberId = this.directory?.owners[partition]
    const found = memberId === undefined ? undefined : this.directory?.members[memberId]
    if (memberId === undefined || !found?.url) return undefined
    return { memberId, url: found.url, self: memberId === this.member?.identity?.memberId }
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
      this.directory !== undefined &&
      !this.stopped &&
      this.assigned.every((p) => this.running.get(p)?.state === 'running')
    )
  }

  get live(): boolean {
    const since = this.clock.now() - STALLED
    return [...this.running.values()].every(
      (task) => (task.state === 'running' && task.lag === 0) || task.progressAt > since,
    )
  }

  append(records: readonly SourceRecord[]): Promise<Position[]> {
    return this.options.log.append(records.map((record) => this.toSource(record)))
  }

  async broadcast(record: Omit<OutRecord, 'topic' | 'partition'>): Promise<Position[]> {
    if (!this.broadcaster) throw new StreamsError('STREAMS_NOT_OWNER', 'partition 0, which writes the broadcasts')
    const { source: topic } = this.options.topology
    const records = Array.from({ length: this.partitions }, (_, partition) => ({ ...record, topic, partition }))
    const transactor = await this.broadcaster
    try {
      const appended = await transactor.commit({ records })
      return appended
        .map(({ partition, last }) => ({ topic, partition, offset: last }))
        .sort((a, b) => a.partition - b.partition)
    } catch (error) {
      // Dead after any rejection. Where we were fenced, the new owner of partition 0 has it.
      this.broadcaster = LogError.is(error, 'LOG_FENCED') ? undefined : this.fenceBroadcaster()
      throw error
    }
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
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
    if (this.stopped) return
    const { logger } = this.options
    this.assigned = assignment.partitions
    this.directory = decodeDown(assignment.userData) ?? this.directory
    logger.info({ generation: assignment.generation, partitions: assignment.partitions }, 'partitions assigned')
    for (const partition of [...this.running.keys()])
      if (!assignment.partitions.includes(partition)) this.release(partition)
    for (const partition of assignment.partitions) if (!this.running.has(partition)) void this.open(partition)
    if (!assignment.partitions.includes(0)) this.broadcaster = undefined
    else this.broadcaster ??= this.fenceBroadcaster()
    this.changed()
  }

  private onLost(): void {
    this.options.logger.warn(
      {},
      'the group no longer knows this member; its partitions are closed until it has joined again',
    )
    this.assigned = []
    this.broadcaster = undefined
    for (const partition of [...this.running.keys()]) this.release(partition)
    this.changed()
  }

  private fenceBroadcaster(): Promise<Transactor> {
    const fenced = this.options.log.fence(`${this.options.topology.group}.broadcast`)
    fenced.catch((error: unknown) => {
      this.options.logger.warn({ err: error }, 'could not fence the broadcast writer; the next broadcast tries again')
      if (this.broadcaster === fenced)
        this.broadcaster = this.assigned.includes(0) ? this.later(() => this.fenceBroadcaster()) : undefined
    })
    return fenced
  }

  private later<T>(work: () => Promise<T>): Promise<T> {
    const promise = new Promise<void>((resolve) => setTimeout(resolve, FENCED_RETRY).unref()).then(work)
    promise.catch(() => undefined)
    return promise
  }

  private async open(partition: number): Promise<void> {
    // A file that is still being closed must not be opened a second time.
    await this.leaving.get(partition)
    if (this.stopped || this.running.has(partition) || !this.assigned.includes(partition)) return
    const { topology, dataDir } = this.options
    const task: Task = new Task({
      partition,
      partitions: this.partitions,
      topology,
      log: this.options.log,
      logger: this.options.logger,
      processor: this.options.processor,
      handle: this.options.handle ?? ((batch, context) => this.options.processor.process(batch, context)),
      file: dataDir === ':memory:' ? dataDir : join(dataDir, topology.applicationId, `${partition}.db`),
      limits: { ...BATCH_LIMITS, ...this.options.limits },
      restores: this.restores,
      clock: this.clock,
      identity: () => this.member?.identity,
      onChange: () => this.onTaskChange(task),
      observe: this.options.observe,
    })
    this.running.set(partition, task)
    task.start()
    this.changed()
  }

  private onTaskChange(task: Task): void {
    const { partition, state, restore } = task
    this.options.logger.debug({ partition, state, restored: restore.restored }, `task ${state}`)
    if (state === 'restoring') this.allRunning = false
    else if (state === 'running') this.tellWhenRunning()
    if (state === 'closed' && this.running.get(partition) === task) {
      // Fenced, not released: if the group still gives it to us, nobody else is there, and we take it again.
      this.running.delete(partition)
      setTimeout(() => void this.open(partition), FENCED_RETRY).unref()
    }
    this.changed()
  }

  /** One line for all: a process may have hundreds of tasks. */
  private tellWhenRunning(): void {
    if (this.allRunning || !this.ready) return
    this.allRunning = true
    const restored = [...this.running.values()].reduce((sum, task) => sum + task.restore.restored, 0)
    this.options.logger.info(
      { partitions: this.assigned, restored },
      'every assigned partition is restored and running',
    )
  }

  private release(partition: number): void {
    const task = this.running.get(partition)
    if (!task) return
    this.running.delete(partition)
    const closed = task.close().finally(() => {
      if (this.leaving.get(partition) === closed) this.leaving.delete(partition)
    })
    this.leaving.set(partition, closed)
  }

  private changed(): void {
    for (const listener of this.listeners) listener()
  }
}
