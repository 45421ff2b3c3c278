import type { Log, OutRecord } from '@quorate/log'
import { silentLogger } from '@quorate/log'
import type { CommitStep, OwnWork, Processor, Streams } from '@quorate/streams'
import { TestDriver, type VirtualClock } from '@quorate/streams/testing'
import type { Channel } from '../src/channels'
import { Notifier, type NotifierEvents, type NotifierOptions } from '../src/notifier'
import { outboxRow } from '../src/rows/packed-rows'
import type { DeliveryRow } from '../src/rows/rows'
import { partsOfKey } from '../src/configuration'
import type { InhibitionSource, GoneMark, Routing } from '../src/pipeline'
import { decisions } from '../src/queries/delivery-pages'
import { notifierTopology } from '../src/topology'

/** Where a bench runs: on the embedded log in memory, or on a log that is given. */
export interface Ground {
  readonly log?: Log
  readonly prefix?: string
}

/** The real notifier on the test driver: time stands still until it is moved. */
export class Bench implements AsyncDisposable {
  driver!: TestDriver
  readonly counts = new Map<string, number>()
  routing: Routing
  courier: NotifierOptions['courier']
  /** Told of each step of each commit, in order. */
  observe: (step: CommitStep, partition: number) => void = () => undefined
  /** Told when an instance ends its work for a rebalance. */
  onPause: () => void = () => undefined
  private readonly notifiers = new Map<string, Notifier>()
  private starting: Notifier | undefined
  private settingsEnd = 0

  private constructor(
    routing: Routing,
    private readonly channels: readonly Channel[],
    private readonly prefix: string,
  ) {
    this.routing = routing
  }

  static open(routing: Routing, ...channels: Channel[]): Promise<Bench> {
    return Bench.openOn({}, routing, ...channels)
  }

  static async openOn({ log, prefix = 'q' }: Ground, routing: Routing, ...channels: Channel[]): Promise<Bench> {
    const bench = new Bench(routing, channels, prefix)
    const topology = notifierTopology({ prefix, applicationId: 'notifier', partitions: 2 })
    bench.driver = await TestDriver.open({
      topology,
      processor: () => bench.processor(),
      work: () => bench.work(),
      observe: (step, partition) => bench.observe(step, partition),
      ...(log ? { log } : {}),
    })
    return bench
  }

  get clock(): VirtualClock {
    return this.driver.clock
  }

  async start(name = 'a'): Promise<Streams> {
    this.starting = new Notifier({
      routing: this.routing,
      logger: silentLogger,
      events: this.events(),
      channels: new Map(this.channels.map((channel) => [channel.name, channel])),
      clock: this.clock,
      // Every pause is its ceiling.
      random: () => 1,
      ...(this.courier ? { courier: this.courier } : {}),
    })
    this.notifiers.set(name, this.starting)
    const streams = await this.driver.start(name)
    this.notifier(name).attach(streams)
    return streams
  }

  notifier(name = 'a'): Notifier {
    return this.notifiers.get(name)!
  }

  async pipe(...records: OutRecord[]): Promise<void> {
    await this.driver.pipe(...records.map(({ topic: _, partition: __, ...record }) => record))
    await this.quiet()
  }

  /** Moves time and waits until nothing more happens at that time. */
  async advance(seconds: number): Promise<void> {
    this.clock.advance(seconds * 1000)
    await this.quiet()
  }

  /** Another configuration from now on. */
  async configure(change: Partial<Routing>): Promise<void> {
    this.reconfigure(change)
    await this.quiet()
  }

  /** Everything applied, woken, committed, sent and written that can be at this time, and come back by the settings. */
  async quiet(): Promise<void> {
    do await this.still()
    while (await this.followSettings())
  }

  private async still(): Promise<void> {
    await this.driver.settle()
    for (let still = 0; still < 3;) {
      await new Promise(setImmediate)
      const tasks = this.tasks()
      await Promise.all(tasks.map((task) => task.submit(() => undefined).catch(() => undefined)))
      still = this.busy() ? 0 : still + 1
    }
  }

  /** Decisions, newest first. */
  decisions(object?: string): DeliveryRow[] {
    return this.tasks().flatMap((task) => [...decisions(task, object)].map(({ row }) => row))
  }

  outbox() {
    return this.tasks().flatMap((task) => [...task.table('outbox').range()].map(({ value }) => outboxRow.decode(value)))
  }

  rows(table: string): string[] {
    return this.tasks().flatMap((task) => [...task.table(table).range()].map(({ key }) => key))
  }

  tasks() {
    return [0, 1].map((partition) => this.driver.task(partition))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const notifier of this.notifiers.values()) await notifier.close()
    await this.driver.close()
  }

  private reconfigure(change: Partial<Routing>): void {
    this.routing = { ...this.routing, ...change }
    for (const notifier of this.notifiers.values()) notifier.configure(this.routing)
  }

  /** What tasks wrote to the settings reaches every instance, as by the table that a process has. */
  private async followSettings(): Promise<boolean> {
    const topic = `${this.prefix}.settings`
    const end = (await this.driver.log.offsets(topic))[0]!.end
    if (end === this.settingsEnd) return false
    this.settingsEnd = end
    const afflictions = new Map<string, InhibitionSource>()
    const gone = new Map<string, GoneMark>()
    for (const { key, value } of await this.driver.read(topic)) {
      const parts = partsOfKey(key!.toString())
      const kept = parts && { parents: afflictions, gone }[parts.table as string]
      if (value === null) kept?.delete(parts!.name)
      else kept?.set(parts!.name, JSON.parse(value.toString()) as InhibitionSource & GoneMark)
    }
    this.reconfigure({ inhibitionSources: afflictions, gone })
    return true
  }

  private busy(): boolean {
    return [...this.notifiers.values()].some((notifier) => notifier.courier.active > 0)
  }

  private work(): OwnWork {
    const { courier } = this.starting!
    return {
      pause: () => {
        this.onPause()
        return courier.pause()
      },
      resume: () => courier.resume(),
    }
  }

  private processor(): Processor {
    return this.starting!.processor
  }

  private events(): NotifierEvents {
    const count = (name: string, n = 1) => void this.counts.set(name, (this.counts.get(name) ?? 0) + n)
    return {
      decided: (decision, reason) => count(decision === 'sent' ? 'sent' : `${decision}: ${reason}`),
      seenBefore: () => count('seen before'),
      missedRevisions: (n) => count('missed', n),
      poison: () => count('poison'),
      notOfAnObject: () => count('observers'),
      attempted: (_endpoint, outcome) => count(`attempt ${outcome}`),
    }
  }
}
