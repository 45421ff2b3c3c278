import type { Logger } from '@quorate/log'
import { type Clock, type RunningTask, StreamsError } from '@quorate/streams'
import { endpointOfKey } from '../rows/keys'
import type { GoneMark } from '../pipeline'
import type { PlannedDelivery } from '../rows/rows'
import { attempt, type AttemptContext } from './attempt'
import { type Backoff, BACKOFF } from './backoff'
import type { CourierEndpoint, CourierEvents, EndpointStatus } from './endpoint'
import type { EndpointQueue, LaneHead } from './endpoint-queue'
import { OutcomeWriter } from './outcome-writer'
import { announceActiveAlert, restoreActiveAlerts } from './active-alerts'
import { dropDead, redrive } from './redrive'
import { type Unwritten, UnwrittenOutcomes } from './unwritten'
import { together } from './together'
import { OutboxWindow } from './window'

export interface CourierOptions {
  readonly endpoints: readonly CourierEndpoint[]
  readonly clock: Clock
  readonly logger: Logger
  readonly events: CourierEvents
  /** In [0, 1). */
  readonly random?: () => number
  readonly backoff?: Backoff
  /** Attempts under way in all. */
  readonly atOnce?: number
  /** Lanes of one endpoint held in memory. */
  readonly window?: number
  /** Lanes of all endpoints together held beyond that. */
  readonly spare?: number
  /** ms of real time that outcomes gather for each one of the commit before. */
  readonly gatherMs?: number
}

const AT_ONCE = 128
const WINDOW = 1_000
/** A lane in memory takes 2 to 3 KB. */
const SPARE = 16_000
/**
 * ms after which it is looked again whether other tasks have filled their part of a group's message, or what goes
 * before it has gone.
 */
const WAITING_PAUSE = 250
/** After an endpoint is back, what waits for it is spread over this, ms. */
const RETURN_SPREAD = 2_000

/**
 * Sends what lies in the committed outbox, and writes what came of it. It is told of a task when that runs, and of
 * planned keys once they are committed; it polls nothing. Per (endpoint, object) first in, first out; endpoints do not
 * wait for each other.
 *
 * Between sending and writing the outcome the process may die: the delivery is then made again, with the same id.
 */
export class Courier {
  private readonly endpoints: Map<string, CourierEndpoint>
  private readonly window: OutboxWindow
  private readonly outcomes: OutcomeWriter
  private readonly unwrittenOutcomes: UnwrittenOutcomes
  private readonly timers = new Map<EndpointQueue, { readonly at: number; readonly cancel: () => void }>()
  private readonly underWay = new Set<Promise<void>>()
  /** Endpoints that are pumped before the next turn of the event loop. */
  private readonly stirred = new Set<EndpointQueue>()
  /** Endpoints that could send if there was room in all, in turn. */
  private readonly hungry = new Set<EndpointQueue>()
  private readonly most: number
  private readonly attempts: AttemptContext
  private sending = 0
  private paused = false
  private closed = false

  constructor(private readonly options: CourierOptions) {
    this.endpoints = new Map(options.endpoints.map((endpoint) => [endpoint.name, endpoint]))
    this.window = new OutboxWindow(this.endpoints, options.window ?? WINDOW, options.spare ?? SPARE)
    this.outcomes = new OutcomeWriter(options.gatherMs)
    this.most = options.atOnce ?? AT_ONCE
    const { clock, events, logger, random = Math.random, backoff = BACKOFF } = options
    const fallbackOf = (name: string) => this.endpoints.get(name) ?? { fallback: undefined }
    const spread = () => random() * RETURN_SPREAD
    this.attempts = { clock, events, logger, random, backoff, fallbackOf, spread }
    this.unwrittenOutcomes = new UnwrittenOutcomes(options.clock, (unwritten) => this.track(this.settle(unwritten)))
  }

  /** A task runs here: what lies in its outbox is sent. */
  opened(task: RunningTask): void {
    restoreActiveAlerts(this.endpoints.values(), task)
    for (const queue of this.window.opened(task)) this.pump(queue)
    this.unwrittenOutcomes.hurry(task.partition)
  }

  /**
   * A task no longer runs here. Attempts in flight end, and their outcomes are not written: the instance that runs the
   * task now sends again.
   */
  lost(task: RunningTask): void {
    if (this.window.running().includes(task))
      for (const { sender } of this.endpoints.values()) sender.activeAlerts?.drop(task.partition)
    for (const queue of this.window.lost(task)) this.schedule(queue)
    this.unwrittenOutcomes.hurry(task.partition)
  }

  /** Deliveries were planned and are committed. */
  planned(partition: number, planned: readonly PlannedDelivery[]): void {
    for (const queue of this.window.planned(partition, planned)) this.pump(queue)
  }

  /**
   * Makes a dead letter be sent again, and gives its endpoint another chance. `superseded`: the receiver has been told
   * something later of it, and the dead letter has ended; undefined: none of this id in the task.
   */
  async redrive(task: RunningTask, id: string): Promise<'planned' | 'superseded' | undefined> {
    const redriven = await task.submit((context) => redrive(context, id, this.options.clock.now()))
    if (!redriven || redriven === 'superseded') return redriven
    const { planned } = redriven
    const queue = this.window.queue(endpointOfKey(planned.key))
    if (queue.sender) queue.refusal = undefined
    this.planned(task.partition, [planned])
    return 'planned'
  }

  /**
   * Takes the marks of endpoints that have told any instance that they are gone (410). What waits for them is dead
   * until the mark is removed or the address changes.
   */
  mark(gone: ReadonlyMap<string, GoneMark>): void {
    for (const queue of this.window.marked(gone)) this.pump(queue)
  }

  /** Gives a dead letter up for good; false: none of this id in the task. */
  drop(task: RunningTask, id: string): Promise<boolean> {
    return task.submit((context) => dropDead(context, id, this.options.clock.now()))
  }

  /** Attempts and outcomes that have not ended. */
  get active(): number {
    return this.underWay.size + this.stirred.size
  }

  /** Outcomes whose writing has failed and is tried again. */
  get unwritten(): number {
    return this.unwrittenOutcomes.size
  }

  /**
   * Other endpoints from now on. Attempts under way end with the senders that they began with; those are closed then.
   */
  configure(endpoints: readonly CourierEndpoint[]): void {
    const before = [...this.endpoints.values()]
    this.endpoints.clear()
    for (const endpoint of endpoints) this.endpoints.set(endpoint.name, endpoint)
    const opened = endpoints.filter(({ sender }) => !before.some((old) => old.sender === sender))
    for (const task of this.window.running()) restoreActiveAlerts(opened, task)
    for (const queue of this.window.configured()) this.pump(queue)
    const kept = new Set(endpoints.map(({ sender }) => sender))
    const old = before.filter(({ sender }) => !kept.has(sender))
    if (old.length > 0)
      void Promise.allSettled([...this.underWay]).then(() =>
        Promise.allSettled(old.map(({ sender }) => sender.close())),
      )
  }

  /** An endpoint that had to be opened is open now, or could not be: it sends, and is told what stands. */
  reopened(name: string): void {
    const endpoint = this.endpoints.get(name)
    if (!endpoint || this.closed) return
    for (const task of this.window.running()) restoreActiveAlerts([endpoint], task)
    this.pump(this.window.configure(name))
  }

  /** Begins no attempt until `resume`; resolves when those under way have ended and their outcomes are written. */
  async pause(): Promise<void> {
    this.paused = true
    while (this.underWay.size > 0) await Promise.allSettled([...this.underWay])
  }

  resume(): void {
    if (!this.paused) return
    this.paused = false
    for (const queue of this.window.all()) this.pump(queue)
  }

  /** How the endpoints are. */
  status(): EndpointStatus[] {
    return [...this.endpoints.values()].map(({ name, sender }) => {
      const { size, underWay, circuit, refusal = null, oldest = null, failingSince = null } = this.window.queue(name)
      return {
        name,
        description: sender.description,
        waiting: size - underWay,
        depth: this.window.depth(name),
        oldest,
        failingSince,
        underWay,
        circuit: circuit.state,
        refusal,
      }
    })
  }

  /**
   * Starts nothing more; resolves when what is under way has ended and its outcomes are written, or after `patienceMs`.
   */
  async close(patienceMs = 5_000): Promise<void> {
    if (this.closed) return
    this.closed = true
    for (const { cancel } of this.timers.values()) cancel()
    this.timers.clear()
    this.unwrittenOutcomes.close()
    const patience = new Promise<void>((resolve) => setTimeout(resolve, patienceMs).unref())
    await Promise.race([Promise.allSettled([...this.underWay]), patience])
    await Promise.allSettled([...this.endpoints.values()].map(({ sender }) => sender.close()))
  }

  /** Fills and pumps soon, once for everything that ends in this turn of the event loop. */
  private stir(queue: EndpointQueue): void {
    if (this.stirred.size === 0) setImmediate(() => this.pumpStirred())
    this.stirred.add(queue)
  }

  private pumpStirred(): void {
    const queues = [...this.stirred]
    this.stirred.clear()
    const now = this.options.clock.now()
    for (const queue of queues) {
      this.window.fill(queue, now)
      // Behind those that have waited for room.
      this.hungry.add(queue)
    }
    this.feed()
  }

  /** Starts what may go. */
  private pump(queue: EndpointQueue): void {
    const local = this.endpoints.get(queue.name)?.local ?? false
    while (!this.closed && !this.paused && (local || this.sending < this.most)) {
      const head = queue.take(this.options.clock.now())
      if (!head) break
      if (queue.refuses(head, this.options.clock.now()) === undefined && this.mustWait(head)) {
        queue.postpone(head, this.options.clock.now() + WAITING_PAUSE)
        continue
      }
      if (!local) this.sending++
      this.track(this.deliver(queue, head, local))
    }
    const now = this.options.clock.now()
    if (!local && this.sending >= this.most && queue.opensAt(now) <= now) this.hungry.add(queue)
    this.schedule(queue)
  }

  /** Other deliveries go first, or with it. What is refused waits for nothing. */
  private mustWait(head: LaneHead): boolean {
    return this.window.isFilling(head, this.options.clock.now()) || this.window.isBehind(head)
  }

  /** Comes back when the next delivery of the endpoint is due. */
  private schedule(queue: EndpointQueue): void {
    const now = this.options.clock.now()
    const opens = queue.opensAt(now)
    const at = this.closed || this.paused || this.hungry.has(queue) ? Infinity : opens
    const timer = this.timers.get(queue)
    if (timer?.at === at) return
    timer?.cancel()
    this.timers.delete(queue)
    if (at === Infinity) return
    const cancel = this.options.clock.after(at - now, () => {
      this.timers.delete(queue)
      this.pump(queue)
    })
    this.timers.set(queue, { at, cancel })
  }

  private track(work: Promise<void>): void {
    this.underWay.add(work)
    void work.finally(() => this.underWay.delete(work))
  }

  /** One attempt, from the outbox to its outcome in the outbox; then the lane goes on. */
  private async deliver(queue: EndpointQueue, head: LaneHead, local: boolean): Promise<void> {
    const heads = [head, ...queue.takeTogether(head)]
    const sent = together(heads.map(({ row }) => row))
    const settlement = await attempt(this.attempts, queue, { ...head, row: sent.rows[0]! }, sent).finally(() => {
      queue.underWay--
      if (!local) this.sending--
    })
    // The endpoint need not wait for our commit: outcomes gather and are written together.
    this.stir(queue)
    const settling = heads.map((one, i) => {
      const own = { ...settlement, key: one.key, row: sent.rows[i]! }
      return this.settle({ head: one, settlement: i === 0 ? own : { ...own, fallback: undefined }, failures: 0 })
    })
    await Promise.all(settling)
  }

  /** Writes an outcome; then the lane goes on. */
  private async settle({ head, settlement, failures }: Unwritten): Promise<void> {
    const queue = this.window.queue(settlement.row.endpoint)
    try {
      const planned = await this.outcomes.write(head.task, settlement)
      if (this.window.running().includes(head.task))
        announceActiveAlert(this.endpoints.get(queue.name), head.task.partition, settlement)
      this.window.goOn(queue, head, settlement.outcome.kind !== 'retry')
      if (planned.length > 0) this.planned(head.task.partition, planned)
    } catch (error) {
      // A StreamsError says that the partition went to another instance, or to another task of this one, which sends
      // again with the same id.
      if (StreamsError.is(error)) this.window.goOn(queue, head, false)
      else this.postpone({ head, settlement, failures: failures + 1 }, error)
    }
    this.stir(queue)
  }

  private postpone(unwritten: Unwritten, error: unknown): void {
    if (this.closed) return
    const retryInMs = this.unwrittenOutcomes.add(unwritten)
    this.options.logger.error(
      { err: error, endpoint: unwritten.settlement.row.endpoint, delivery: unwritten.settlement.row.id, retryInMs },
      'the outcome of a delivery could not be written; nothing is lost, retrying',
    )
  }

  /** There is room again: the endpoints that waited for it take turns. */
  private feed(): void {
    for (const queue of this.hungry) {
      if (this.sending >= this.most) return
      this.hungry.delete(queue)
      this.pump(queue)
    }
  }
}
