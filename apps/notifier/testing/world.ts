import { type OutRecord, partitionOf, silentLogger } from '@quorate/log'
import type { Clock, CommitStep, RunningTask } from '@quorate/streams'
import { MemoryPartition, MemoryTask, VirtualClock } from '@quorate/streams/testing'
import type { Channel } from '../src/channels'
import { partsOfKey } from '../src/configuration'
import { Notifier, type NotifierEvents } from '../src/notifier'
import { outboxRow } from '../src/rows/packed-rows'
import type { DeliveryRow } from '../src/rows/rows'
import type { InhibitionSource, GoneMark, Routing } from '../src/pipeline'
import { decisions } from '../src/queries/delivery-pages'
import { notifierTopology } from '../src/topology'

const PARTITIONS = 2
/** Things that are due in one piece of time: more means that something is tried for ever. */
const MOST_STEPS = 5_000
const topology = notifierTopology({ prefix: 'q', applicationId: 'notifier', partitions: PARTITIONS })
const ignore = (): void => undefined
const EVENTS: NotifierEvents = {
  decided: ignore,
  seenBefore: ignore,
  missedRevisions: ignore,
  poison: ignore,
  notOfAnObject: ignore,
  attempted: ignore,
}

/** One process with a notifier. */
interface Instance {
  readonly name: string
  readonly notifier: Notifier
  readonly tasks: Map<number, MemoryTask>
  readonly changed: () => void
  isDead: boolean
  /** The step of its next commit at which it dies. */
  diesAt: CommitStep | undefined
}

/**
 * Notifiers, the real ones, over partitions in memory and in virtual time: thousands of short histories in a minute.
 * Instances join, leave and die; time moves from one thing that is due to the next, and everything that follows from it
 * happens before it moves on.
 */
export class World {
  readonly clock = new VirtualClock()
  readonly failures: unknown[] = []
  readonly instances = new Map<string, Instance>()
  /** Attempts that a channel has not answered yet and that wait for time to pass. */
  pendingSends = 0
  private readonly partitions = Array.from({ length: PARTITIONS }, (_, i) => new MemoryPartition(i, topology))
  private readonly afflictions = new Map<string, InhibitionSource>()
  private readonly gone = new Map<string, GoneMark>()
  private hasNewSettings = false

  constructor(
    private configured: Routing,
    private readonly channels: readonly Channel[],
    private readonly random: () => number,
  ) {}

  get routing(): Routing {
    return { ...this.configured, inhibitionSources: new Map(this.afflictions), gone: new Map(this.gone) }
  }

  /** An instance joins, in order: what is under way elsewhere ends and is written first. */
  async join(name: string): Promise<void> {
    this.begin(name)
    await this.share()
  }

  async leave(name: string): Promise<void> {
    const instance = this.instances.get(name)!
    await this.end(instance)
    await this.share()
  }

  /** A process is gone without a word; the others get its partitions. */
  async kill(name: string): Promise<void> {
    const instance = this.instances.get(name)!
    instance.isDead = true
    this.instances.delete(name)
    for (const task of instance.tasks.values()) task.kill()
    await this.share()
  }

  /** From now on the instance dies at this step of its next commit. */
  dieAt(name: string, step: CommitStep): void {
    this.instances.get(name)!.diesAt = step
  }

  /** Begins instances until there is one, and gives each partition to one of them. */
  async share(): Promise<void> {
    if (this.instances.size === 0) this.begin('a')
    const live = [...this.instances.values()]
    await this.passing(Promise.all(live.map(({ notifier }) => notifier.courier.pause())))
    const owner = (partition: number): Instance => live[partition % live.length]!
    for (const instance of live)
      await this.release(instance, [...instance.tasks.keys()].filter((partition) => owner(partition) !== instance)) // prettier-ignore
    for (const home of this.partitions) {
      const instance = owner(home.partition)
      if (!instance.tasks.has(home.partition)) instance.tasks.set(home.partition, this.open(home, instance))
      instance.changed()
    }
    for (const { notifier } of live) notifier.courier.resume()
  }

  async pipe({ key, value, headers = [] }: OutRecord): Promise<void> {
    const bytes = (it: string | Uint8Array | null): Buffer | null => (it === null ? null : Buffer.from(it))
    const { records } = this.partitions[partitionOf(key!, PARTITIONS)]!
    records.push({
      offset: records.length,
      timestamp: this.clock.now(),
      key: bytes(key),
      value: bytes(value),
      headers: (headers as [string, string][]).map(([name, text]) => [name, Buffer.from(text)] as const),
    })
    await this.quiet()
  }

  /** Another configuration, put in force while the instances run. */
  async configure(change: Partial<Routing>): Promise<void> {
    this.configured = { ...this.configured, ...change }
    for (const { notifier } of this.instances.values()) notifier.configure(this.routing)
    await this.quiet()
  }

  /** Another configuration, put in force while nothing runs. */
  async restartWith(change: Partial<Routing>): Promise<void> {
    const names = [...this.instances.keys()]
    for (const name of names) await this.end(this.instances.get(name)!)
    this.configured = { ...this.configured, ...change }
    for (const name of names) this.begin(name)
    await this.share()
    await this.quiet()
  }

  /** Moves time from one thing that is due to the next, up to `ms` from now. */
  async advance(ms: number): Promise<void> {
    const until = this.clock.now() + ms
    for (let steps = 0; ; steps++) {
      if (steps > MOST_STEPS) throw new Error(`it does not come to rest: ${JSON.stringify(this.outbox(), null, 1)}`)
      const next = Math.min(this.clock.next, ...this.tasks().map((task) => task.due))
      if (next > until) break
      this.clock.moveTo(Math.max(next, this.clock.now()))
      await this.quiet()
    }
    this.clock.moveTo(until)
    await this.quiet()
  }

  /** Everything applied, woken, committed, sent and written that can be at this time, and come back by the settings. */
  async quiet(): Promise<void> {
    for (let still = 0; still < 2;) {
      const tasks = this.tasks()
      const now = this.clock.now()
      for (const task of tasks) if (task.idle && task.due <= now) task.wakeUp()
      await new Promise(setImmediate)
      if (this.failures.length > 0) throw this.failures[0]
      if (this.hasNewSettings) {
        this.hasNewSettings = false
        for (const { notifier } of this.instances.values()) notifier.configure(this.routing)
        still = 0
        continue
      }
      for (const [name, { isDead }] of this.instances)
        if (isDead) {
          this.instances.delete(name)
          await this.share()
          still = 0
        }
      const isBusy = !this.tasks().every((task) => task.idle && task.due > now)
      still = isBusy || this.active > this.pendingSends ? 0 : still + 1
    }
  }

  /** Of every partition; those of instances that are gone are not there until another has them. */
  tasks(): MemoryTask[] {
    return [...this.instances.values()].flatMap(({ tasks }) => [...tasks.values()])
  }

  get notifier(): Notifier {
    return [...this.instances.values()][0]!.notifier
  }

  /** Decisions, newest first. */
  decisions(object?: string): DeliveryRow[] {
    return this.tasks().flatMap((task) => [...decisions(task, object)].map(({ row }) => row))
  }

  outbox() {
    return this.tasks().flatMap((task) => [...task.table('outbox').range()].map(({ value }) => outboxRow.decode(value)))
  }

  close(): void {
    for (const { tasks } of this.instances.values()) for (const task of tasks.values()) task.kill()
  }

  private async end(instance: Instance): Promise<void> {
    await this.passing(instance.notifier.courier.pause())
    await instance.notifier.courier.close()
    await this.release(instance, [...instance.tasks.keys()])
    this.instances.delete(instance.name)
  }

  /** Waits for what needs attempts to end: time moves on with them. */
  private async passing(work: Promise<unknown>): Promise<void> {
    let isDone = false
    void work.finally(() => (isDone = true))
    for (let still = 0; !isDone; still++) {
      await new Promise(setImmediate)
      if (this.failures.length > 0) throw this.failures[0]
      if (still > 8 && this.pendingSends > 0) this.clock.moveTo(this.clock.next)
    }
  }

  private get active(): number {
    let active = 0
    for (const { notifier } of this.instances.values()) active += notifier.courier.active
    return active
  }

  private begin(name: string): void {
    const tasks = new Map<number, MemoryTask>()
    const listeners = new Set<() => void>()
    const clock: Clock = {
      now: () => this.clock.now(),
      after: (ms, callback) => this.clock.after(ms, () => !instance.isDead && callback()),
    }
    const notifier = new Notifier({
      routing: this.routing,
      logger: silentLogger,
      events: EVENTS,
      channels: new Map(this.channels.map((channel) => [channel.name, channel])),
      clock,
      random: this.random,
      courier: { gatherMs: 0 },
    })
    const changed = (): void => {
      for (const listener of listeners) listener()
    }
    const instance: Instance = { name, notifier, tasks, changed, isDead: false, diesAt: undefined }
    notifier.attach({
      tasks: (): readonly RunningTask[] => [...tasks.values()],
      onChange: (listener) => {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    })
    this.instances.set(name, instance)
  }

  private open(home: MemoryPartition, instance: Instance): MemoryTask {
    return new MemoryTask(home, {
      topology,
      partitions: PARTITIONS,
      processor: instance.notifier.processor,
      now: () => this.clock.now(),
      forwarded: (output, record) => {
        if (output === 'settings') this.takeSetting(record)
      },
      dies: (step) => {
        if (instance.diesAt !== step) return instance.isDead
        instance.isDead = true
        for (const task of instance.tasks.values()) task.kill()
        return true
      },
      failed: (error) => this.failures.push(error),
    })
  }

  private async release(instance: Instance, partitions: readonly number[]): Promise<void> {
    for (const partition of partitions) {
      const task = instance.tasks.get(partition)!
      await task.close()
      instance.tasks.delete(partition)
    }
    instance.changed()
  }

  private takeSetting({ key, value }: Pick<OutRecord, 'key' | 'value'>): void {
    const parts = partsOfKey(String(key))
    const table = parts && { parents: this.afflictions, gone: this.gone }[parts.table as 'parents' | 'gone']
    if (!table) return
    if (value === null) table.delete(parts.name)
    else table.set(parts.name, JSON.parse(String(value)) as InhibitionSource & GoneMark)
    this.hasNewSettings = true
  }
}
