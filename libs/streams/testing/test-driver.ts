import { type Log, type Logger, type LogRecord, type OutRecord, partitionOf, silentLogger } from '@quorate/log'
import { openEmbeddedLog } from '@quorate/log/embedded'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CommitStep } from '../src/task/commit'
import type { Processor } from '../src/context'
import { createStreams } from '../src/group/engine'
import type { RunningTask, Streams } from '../src/streams'
import type { OwnWork, StreamsOptions } from '../src/group/streams-options'
import type { BatchHandler } from '../src/task/work-options'
import type { Topology } from '../src/topology'
import { VirtualClock } from './virtual-clock'

export interface DriverOptions {
  readonly topology: Topology
  /** A processor for each start, as each process has its own. */
  readonly processor: () => Processor
  readonly handle?: (processor: Processor) => BatchHandler
  /**
   * The embedded log in memory, on the driver's clock, by default. The driver does not close a log that it was given.
   */
  readonly log?: Log
  /** Where the driver's clock begins, ms since 1970. With a log of its own clock: now, or that log's time is ahead. */
  readonly startAt?: number
  readonly limits?: StreamsOptions['limits']
  readonly logger?: Logger
  /** Where the instances have their data; a folder of the driver's own by default. It is deleted at the end. */
  readonly root?: string
  readonly heartbeatMs?: number
  readonly verifyTopicsMs?: number
  readonly acknowledgedSource?: string
  readonly sessionTimeoutMs?: number
  readonly stalledMs?: number
  readonly stores?: StreamsOptions['stores']
  /** Of each instance that is started. */
  readonly work?: () => OwnWork
  /** Told of each step of each commit, in order. */
  readonly observe?: (step: CommitStep, partition: number) => void
}

/** Thrown into an instance at the step where it is to die. */
export class Crash extends Error {
  override readonly name = 'Crash'
}

/**
 * Runs the real program without a broker: pipe records in, read the sink, look into the store, move time, crash at a
 * named step, add and remove instances. Each instance has a data directory of its own, kept over crashes.
 */
export class TestDriver {
  readonly clock: VirtualClock
  private readonly instances = new Map<string, Instance>()
  private readonly root: string

  private constructor(
    readonly log: Log,
    clock: VirtualClock,
    private readonly options: DriverOptions,
  ) {
    this.clock = clock
    this.root = options.root ?? mkdtempSync(join(tmpdir(), 'driver-'))
  }

  static async open(options: DriverOptions): Promise<TestDriver> {
    const clock = new VirtualClock(options.startAt)
    const log = options.log ?? (await openEmbeddedLog({ memory: true }, { now: () => clock.now() }))
    await log.ensureTopics(options.topology.topics)
    return new TestDriver(log, clock, options)
  }

  /** Starts an instance, with the data directory it had before; resolves when it is ready. */
  async start(name = 'a'): Promise<Streams> {
    const streams = await this.begin(name)
    await until(streams, () => streams.ready)
    return streams
  }

  /** Likewise, and does not wait until it is ready: perhaps it must not be. */
  async begin(name = 'a'): Promise<Streams> {
    const instance = new Instance(name, join(this.root, name), this.log, this.clock, this.options)
    this.instances.set(name, instance)
    await instance.streams.start()
    return instance.streams
  }

  streams(name = 'a'): Streams {
    return this.find(name).streams
  }

  /** The task of a partition, wherever it runs. */
  task(partition: number): RunningTask {
    for (const { streams } of this.instances.values()) {
      const task = streams.task(partition)
      if (task?.state === 'running') return task
    }
    throw new Error(`partition ${partition} runs nowhere`)
  }

  /** A standby of a partition that can be read, wherever it is; waits for it. */
  async standby(partition: number): Promise<RunningTask> {
    for (;;) {
      const instances = [...this.instances.values()]
      const found = instances.map(({ streams }) => streams.standby(partition)).find((standby) => standby?.readable)
      if (found) return found
      await Promise.race(instances.map(({ streams }) => changed(streams)))
    }
  }

  async stop(name = 'a'): Promise<void> {
    const instance = this.find(name)
    this.instances.delete(name)
    await instance.streams.stop()
  }

  /**
   * From now on the instance dies at this step of its next commit: nothing after the step happens, as if the process
   * was gone.
   */
  crashAt(step: CommitStep, name = 'a'): Promise<void> {
    return this.find(name).crashAt(step)
  }

  /** Deletes the local files of a stopped or crashed instance. */
  loseDisk(name = 'a'): void {
    rmSync(join(this.root, name), { recursive: true, force: true })
  }

  /** The local file of a partition. */
  fileOf(partition: number, name = 'a'): string {
    return join(this.root, name, this.options.topology.applicationId, `${partition}.db`)
  }

  /** Appends to the source, each record in its key's partition unless it names one. */
  async pipe(...records: readonly (Partial<OutRecord> & Pick<OutRecord, 'key' | 'value'>)[]): Promise<void> {
    const topic = this.options.topology.source
    const partitions = (await this.log.offsets(topic)).length
    await this.log.append(
      records.map((record) => ({
        ...record,
        topic,
        partition: record.partition ?? (record.key === null ? 0 : partitionOf(record.key, partitions)),
      })),
    )
  }

  /** Resolves when every record of the source has been applied by whoever owns its partition. */
  async settle(): Promise<void> {
    const { source } = this.options.topology
    for (;;) {
      const ends = await this.log.offsets(source)
      await Promise.all(ends.filter(({ end }) => end > 0).map(({ partition, end }) => this.applied(partition, end - 1)))
      const now = await this.log.offsets(source)
      if (now.every((p, i) => p.end === ends[i]!.end)) return
    }
  }

  /** All committed records of an output's topic, by partition, in order. */
  async read(topic: string): Promise<LogRecord[]> {
    const all: LogRecord[] = []
    for (const { partition, start, end } of await this.log.offsets(topic)) {
      const reader = this.log.reader({ topic, partition, from: start })
      while (reader.position < end) all.push(...(await reader.next()).records)
      reader.close()
    }
    return all
  }

  /** The same, once there are `count` records or more. */
  async readAtLeast(topic: string, count: number): Promise<LogRecord[]> {
    for (;;) {
      const all = await this.read(topic)
      if (all.length >= count) return all
      const waiting = (await this.log.offsets(topic)).map(({ partition, end }) =>
        this.log.reader({ topic, partition, from: end }),
      )
      await Promise.race(waiting.map((reader) => reader.next()))
      for (const reader of waiting) reader.close()
    }
  }

  async close(): Promise<void> {
    for (const name of [...this.instances.keys()]) await this.stop(name)
    if (!this.options.log) await this.log.close()
    rmSync(this.root, { recursive: true, force: true })
  }

  private async applied(partition: number, offset: number): Promise<void> {
    for (;;) {
      const owner = [...this.instances.values()]
        .map((i) => i.streams.task(partition))
        .find((task) => task?.state === 'running')
      if (!owner) {
        await Promise.race([...this.instances.values()].map((i) => changed(i.streams)))
        continue
      }
      try {
        await owner.reached(offset, 30_000)
        return
      } catch (error) {
        if ((error as { code?: string }).code !== 'STREAMS_TASK_CLOSED') throw error
      }
    }
  }

  private find(name: string): Instance {
    const instance = this.instances.get(name)
    if (!instance) throw new Error(`no instance ${name}`)
    return instance
  }
}

const changed = (streams: Streams): Promise<void> =>
  new Promise((resolve) => {
    const stop = streams.onChange(() => {
      stop()
      resolve()
    })
  })

async function until(streams: Streams, holds: () => boolean): Promise<void> {
  while (!holds()) await changed(streams)
}

/** One process, as far as the streams can tell. */
class Instance {
  readonly streams: Streams
  private crashing: { step: CommitStep; died: () => void } | undefined
  private dead = false

  constructor(
    private readonly name: string,
    dataDir: string,
    log: Log,
    clock: VirtualClock,
    options: DriverOptions,
  ) {
    const processor = options.processor()
    this.streams = createStreams({
      topology: options.topology,
      log: this.mortal(log),
      processor,
      ...(options.handle ? { handle: options.handle(processor) } : {}),
      ...(options.work ? { work: options.work() } : {}),
      ...(options.stores ? { stores: options.stores } : {}),
      dataDir,
      url: `http://${name}`,
      version: 'test',
      logger: options.logger ?? silentLogger,
      clock,
      // Each record piped in alone would wait for others in real time.
      limits: { paceMs: 0, ...options.limits },
      heartbeatMs: options.heartbeatMs ?? 50,
      acknowledgedSource: options.acknowledgedSource,
      ...(options.verifyTopicsMs === undefined ? {} : { verifyTopicsMs: options.verifyTopicsMs }),
      ...(options.stalledMs === undefined ? {} : { stalledMs: options.stalledMs }),
      ...(options.sessionTimeoutMs === undefined ? {} : { sessionTimeoutMs: options.sessionTimeoutMs }),
      observe: (step, partition) => {
        if (this.dead) throw new Crash(this.name)
        options.observe?.(step, partition)
        if (this.crashing?.step !== step) return
        this.dead = true
        this.crashing.died()
        throw new Crash(`${this.name} at ${step}`)
      },
    })
  }

  /** Resolves once it is dead and its files are free. */
  async crashAt(step: CommitStep): Promise<void> {
    await new Promise<void>((resolve) => (this.crashing = { step, died: resolve }))
    await this.streams.stop()
  }

  /**
   * The log as this process sees it: after its death no call of its reaches the log, but for the group that notices its
   * absence.
   */
  private mortal(log: Log): Log {
    const alive = (): void => {
      if (this.dead) throw new Crash(this.name)
    }
    return new Proxy(log, {
      get: (target, name, receiver) => {
        const value: unknown = Reflect.get(target, name, receiver)
        if (name === 'fence')
          return async (id: string) => {
            alive()
            const transactor = await target.fence(id)
            return {
              id,
              close: () => transactor.close(),
              commit: async (t: Parameters<typeof transactor.commit>[0]) => (alive(), transactor.commit(t)),
            }
          }
        return typeof value === 'function' ? (value as () => unknown).bind(target) : value
      },
    })
  }
}
