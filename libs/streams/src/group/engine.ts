import {
  type Assignment,
  type GroupMember,
  type OutRecord,
  partitionOf,
  type Position,
  privateDataDirectory,
} from '@quorate/log'
import { lockDirectory } from '@quorate/state-store'
import { join } from 'node:path'
import { assign } from './assignor'
import { Broadcaster } from './broadcaster'
import { type Clock, systemClock } from '../clock'
import { Conditions } from '../conditions'
import { StreamsError } from '../errors'
import { InstructionBoard } from '../faults/instruction-board'
import { HealthWatch } from './health-watch'
import { decodeDown, encodeUp } from './member-data'
import { Ownership } from './ownership'
import { ranges } from './ranges'
import { claimSink } from './sole-writer'
import { SourceEnds } from './source-ends'
import { SourceGrowth } from './source-growth'
import type { Owner, RunningTask, SourceRecord, Streams, StreamsStatus } from '../streams'
import type { StreamsOptions } from './streams-options'
import { TaskKit } from './task-kit'
import { TaskSet } from './task-set'
import { TopicWatch } from './topic-watch'

/** Copies of a partition beside its owner. */
const STANDBYS = 1
/** ms without progress, while there is something to do, until `live` is false. */
const STALLED = 60_000

export function createStreams(options: StreamsOptions): Streams {
  return new Engine(options)
}

class Engine implements Streams {
  partitions = 0
  readonly conditions: Conditions
  private running: TaskSet
  private readonly listeners = new Set<() => void>()
  private readonly ownership = new Ownership(() => this.member?.identity)
  private readonly board: InstructionBoard
  private readonly kit: TaskKit
  private readonly sourceEnds: SourceEnds
  private readonly clock: Clock
  private member: GroupMember | undefined
  private readonly broadcaster: Broadcaster
  private unlock: (() => void) | undefined
  private growth: SourceGrowth | undefined
  private topics: TopicWatch | undefined
  private readonly watch: HealthWatch
  private grown = false
  private stopped = false

  constructor(private readonly options: StreamsOptions) {
    this.clock = options.clock ?? systemClock
    this.conditions = new Conditions(
      options.logger,
      () => this.clock.now(),
      () => this.changed(),
    )
    const { log, logger, topology } = options
    const [id, topic] = [`${topology.group}.broadcast`, topology.source]
    this.broadcaster = new Broadcaster({ log, logger, id, topic, current: () => this.sure })
    this.sourceEnds = new SourceEnds(log, topology.source, logger)
    this.board = new InstructionBoard({
      log,
      logger,
      topic: topology.settings,
      applicationId: topology.applicationId,
      conditions: this.conditions,
      onInstruction: ({ partition }) => this.running.get(partition)?.instructed(),
    })
    this.kit = new TaskKit({
      streams: options,
      clock: this.clock,
      conditions: this.conditions,
      board: this.board,
      partitions: () => this.partitions,
      member: () => this.member,
      sourceEnds: this.sourceEnds,
    })
    this.running = this.taskSet(new Map())
    this.watch = new HealthWatch({
      conditions: this.conditions,
      tasks: () => this.running.all(),
      sure: () => this.sure,
      stalledMs: options.stalledMs ?? STALLED,
      now: () => this.clock.now(),
    })
  }

  async start(): Promise<void> {
    const { log, topology, dataDir, replication, work } = this.options
    if (dataDir !== ':memory:') {
      privateDataDirectory(dataDir)
      this.unlock = lockDirectory(join(dataDir, topology.applicationId))
    }
    try {
      // Before anything is created for an application that is refused.
      const copies = replication === undefined ? {} : { replication }
      await log.ensureTopics(
        topology.topics.filter(({ name }) => name === topology.settings),
        copies,
      )
      await claimSink(log, this.options.logger, topology)
      await log.ensureTopics(topology.topics, copies)
      const source = await log.describeTopic(topology.source)
      if (!source) throw new StreamsError('STREAMS_SOURCE_LOST', `there is no topic ${topology.source}`)
      this.partitions = source.partitions
      this.board.start()
      this.running = this.taskSet(await this.kit.filesFound())
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
        ...(work ? { beforeRebalance: () => work.pause() } : {}),
        ...(this.options.sessionTimeoutMs === undefined ? {} : { sessionTimeoutMs: this.options.sessionTimeoutMs }),
        ...(this.options.heartbeatMs === undefined ? {} : { heartbeatMs: this.options.heartbeatMs }),
      })
      const { logger } = this.options
      this.growth = new SourceGrowth({
        log,
        logger,
        topic: topology.source,
        partitions: source.partitions,
        onGrown: (error) => this.onGrown(error),
        onOffsets: (offsets) => this.watch.saw(offsets),
      })
      const { conditions } = this
      const everyMs = this.options.verifyTopicsMs
      this.topics = new TopicWatch({ log, logger, conditions, topics: topology.topics, replication, everyMs })
    } catch (error) {
      await this.board.close()
      this.unlock?.()
      throw error
    }
  }

  async stop(): Promise<void> {
    if (this.stopped) return
    this.stopped = true
    // Close before leaving: whoever takes over then finds nothing open. They wait for us no longer than this takes.
    this.growth?.stop()
    this.topics?.stop()
    this.watch.stop()
    this.sourceEnds.want(false)
    await this.running.close()
    await this.kit.close()
    await this.member?.leave()
    await this.board.close()
    this.broadcaster.close()
    this.conditions.close()
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
    return this.ownership.owner(partition)
  }

  standbysOf(partition: number): readonly Owner[] {
    return this.ownership.standbysOf(partition)
  }

  status(): StreamsStatus {
    const identity = this.member?.identity
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
      members: this.ownership.members(),
    }
  }

  get sure(): boolean {
    return this.member?.current ?? false
  }

  get ready(): boolean {
    this.watch.look()
    return (
      !this.stopped &&
      !this.grown &&
      this.member?.identity !== undefined &&
      this.ownership.known &&
      this.running.running &&
      !this.conditions.blocks('ready')
    )
  }

  get live(): boolean {
    this.watch.look()
    return !this.conditions.blocks('live')
  }

  acknowledgeSource(partition: number): boolean {
    return this.running.get(partition)?.acknowledgeSource() ?? false
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
    this.ownership.take(decodeDown(assignment.userData))
    const { generation, partitions, memberId } = assignment
    const standbys = this.ownership.standbysAt(memberId)
    const told = {
      generation,
      partitions: ranges(partitions),
      ...(standbys.length > 0 ? { standbys: ranges(standbys) } : {}),
    }
    logger.info(told, 'partitions assigned')
    this.running.assign(partitions, standbys)
    this.sourceEnds.want(standbys.length > 0)
    this.broadcaster.hold(partitions.includes(0))
    this.changed()
    this.options.work?.resume()
  }

  /** Lets go of everything, as at a stop, and stays up to say why. */
  private onGrown(error: StreamsError): void {
    const reason = `nothing more is processed, what is appended stays in the log: ${error.message}`
    this.conditions.raise({ code: error.code, reason, blocks: ['live', 'ready'] })
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
    this.options.work?.resume()
  }

  private taskSet(found: ReadonlyMap<number, number>): TaskSet {
    return new TaskSet({
      logger: this.options.logger,
      optionsOf: (partition) => this.kit.forActive(partition),
      standbyOptionsOf: (partition) => this.kit.forStandby(partition),
      found,
      onChange: () => this.changed(),
    })
  }

  private changed(): void {
    for (const listener of this.listeners) listener()
  }
}
