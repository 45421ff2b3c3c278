import type { LogRecord } from '@quorate/log'
import type { TableReader } from '@quorate/state-store'
import type { CommitStep } from '../src/task/commit'
import type { Forwarded, OutputName, Processor, TaskContext } from '../src/context'
import { StreamsError } from '../src/errors'
import type { RunningTask, TaskState } from '../src/streams'
import type { Topology } from '../src/topology'
import { MemoryRows, MemoryTable } from './memory-table'

/** What of a partition outlives the processes that own it: its source, its position, its rows. */
export class MemoryPartition {
  readonly records: LogRecord[] = []
  readonly tables = new Map<string, MemoryRows>()
  position = 0

  constructor(
    readonly partition: number,
    topology: Topology,
  ) {
    for (const { name } of topology.tables) this.tables.set(name, new MemoryRows())
  }
}

export interface MemoryTaskOptions {
  readonly topology: Topology
  readonly partitions: number
  readonly processor: Processor
  readonly now: () => number
  /** In the commit: records for the outputs. */
  readonly forwarded: (output: OutputName, record: Forwarded) => void
  /** Asked at each step of each commit: true ends the process there. */
  readonly dies: (step: CommitStep) => boolean
  /** What the processor threw. */
  readonly failed: (error: unknown) => void
}

interface Submission {
  readonly work: (context: TaskContext) => unknown
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

/**
 * A task over rows in memory: the order of work of the real one (submissions, then records, then punctuations; one
 * commit after the other; a commit takes a turn of the event loop), without a log and without SQLite. For properties of
 * thousands of runs; what it leaves out (failing commits, restores, fencing) the conformance suite of streams covers. A
 * property that runs on it runs on the real engine, too.
 */
export class MemoryTask implements RunningTask {
  readonly role = 'active'
  readonly lag = 0
  readonly changelogPosition = 0
  readonly time = 0
  readonly restarts = 0
  readonly restore = { restored: 0, total: 0 }
  state: TaskState = 'running'
  /** Nothing to do until something comes. */
  idle = false
  private readonly context: MemoryContext
  private queue: Submission[] = []
  private ring: () => void = () => undefined
  private readonly ended: Promise<void>
  private dead = false

  constructor(
    private readonly home: MemoryPartition,
    private readonly options: MemoryTaskOptions,
  ) {
    this.context = new MemoryContext(home, options)
    this.ended = this.run()
  }

  get partition(): number {
    return this.home.partition
  }
  get position(): number {
    return this.home.position
  }
  get readable(): boolean {
    return this.state === 'running'
  }
  get owned(): boolean {
    return this.state === 'running'
  }

  /** Something may be due. */
  wakeUp(): void {
    this.idle = false
    this.ring()
  }

  /** When there is work, ms; in the past: now. */
  get due(): number {
    if (this.home.records.length > this.home.position) return -Infinity
    return this.options.processor.nextDue?.(this.context) ?? Infinity
  }

  isDamage(): boolean {
    return false
  }

  table(name: string): TableReader {
    if (this.state !== 'running') throw new StreamsError('STREAMS_NOT_RUNNING', `partition ${this.partition}`)
    return this.home.tables.get(name)!
  }

  reached(): Promise<void> {
    return Promise.reject(new Error('not for tasks in memory'))
  }

  submit<T>(work: (context: TaskContext) => T): Promise<T> {
    if (this.dead) return new Promise<T>(() => undefined)
    if (this.state !== 'running') return Promise.reject(this.closed())
    const answer = new Promise<T>((resolve, reject) =>
      this.queue.push({ work, resolve: resolve as (value: unknown) => void, reject }),
    )
    this.wakeUp()
    return answer
  }

  /** An orderly stop: the commit in flight ends. */
  async close(): Promise<void> {
    this.state = 'closed'
    this.ring()
    await this.ended
    for (const { reject } of this.queue) reject(this.closed())
    this.queue = []
  }

  /** As if the process was gone: nothing that is not committed happens, and nobody hears anything. */
  kill(): void {
    this.dead = true
    this.state = 'closed'
    this.queue = []
    this.ring()
  }

  private closed(): StreamsError {
    return new StreamsError('STREAMS_TASK_CLOSED', `partition ${this.partition}`)
  }

  private async run(): Promise<void> {
    const { home, options } = this
    // Its submitter is told first.
    await turn()
    while (this.state === 'running') {
      try {
        if (this.queue.length > 0) await this.runSubmitted()
        else if (home.records.length > home.position) await this.take()
        else if (this.due <= options.now()) await this.punctuate()
        else {
          this.idle = true
          await new Promise<void>((resolve) => (this.ring = resolve))
        }
      } catch (error) {
        if (this.dead) return
        options.failed(error)
        this.kill()
      }
    }
  }

  private async runSubmitted(): Promise<void> {
    const list = this.queue
    this.queue = []
    const answers = list.map(({ work }) => work(this.context))
    await this.commit()
    list.forEach(({ resolve }, i) => resolve(answers[i]))
  }

  private async take(): Promise<void> {
    const { home, options } = this
    const records = home.records.slice(home.position)
    const end = home.records.length
    const resume = options.processor.process({ records, next: end, end }, this.context)
    await this.commit(resume)
  }

  private async punctuate(): Promise<void> {
    this.options.processor.punctuate?.(this.options.now(), this.context)
    this.options.processor.flush?.(this.context)
    if (!this.context.empty) await this.commit()
  }

  private async commit(resume = this.home.position): Promise<void> {
    this.options.processor.flush?.(this.context)
    this.step('sealed')
    await turn()
    if (this.dead) throw this.closed()
    this.context.commit()
    this.home.position = resume
    this.step('logged')
    this.step('applied')
    if (this.state === 'running') this.options.processor.committed?.(this.context)
  }

  private step(step: CommitStep): void {
    if (this.dead || !this.options.dies(step)) return
    this.kill()
    throw this.closed()
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

class MemoryContext implements TaskContext {
  readonly full = false
  readonly conditions = { raise: () => undefined, clear: () => undefined }
  readonly partition: number
  readonly partitions: number
  readonly source: string
  cache: unknown = undefined
  private readonly tables = new Map<string, MemoryTable>()
  private out: [OutputName, Forwarded][] = []

  constructor(
    home: MemoryPartition,
    private readonly options: MemoryTaskOptions,
  ) {
    const { topology, partitions } = options
    this.partition = home.partition
    this.partitions = partitions
    this.source = topology.source
    for (const spec of topology.tables) this.tables.set(spec.name, new MemoryTable(spec, home.tables.get(spec.name)!))
  }

  table(name: string): MemoryTable {
    return this.tables.get(name)!
  }

  forward(output: OutputName, record: Forwarded): void {
    this.out.push([output, record])
  }

  get empty(): boolean {
    return this.out.length === 0 && [...this.tables.values()].every(({ size }) => size === 0)
  }

  commit(): void {
    for (const table of this.tables.values()) table.commit()
    for (const [output, record] of this.out) this.options.forwarded(output, record)
    this.out = []
  }
}
