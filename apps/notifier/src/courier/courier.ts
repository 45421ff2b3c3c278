import type { Logger } from '@quorate/log'
import { type Clock, type RunningTask, StreamsError } from '@quorate/streams'
import type { Outcome, Sender } from '../channels/channel'
import { endpointOfKey, laneOfKey, within } from '../outbox/keys'
import { endpointRow, type OutboxRow, outboxRow } from '../outbox/rows'
import type { Receiver } from '../pipeline'
import { type Backoff, BACKOFF, pause } from './backoff'
import { Backlog } from './backlog'
import { EndpointQueue, type LaneHead } from './endpoint-queue'
import { dropDead, redrive, settle } from './settle'

/** An endpoint as the courier knows it. */
export interface CourierEndpoint {
  readonly name: string
  readonly sender: Sender
  readonly concurrency: number
  readonly fallback: Receiver | undefined
}

/** What the courier counts; each is a metric. */
export interface CourierEvents {
  attempted(endpoint: string, outcome: Outcome['kind'], seconds: number): void
}

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
}

/** An endpoint as this instance sees it. */
export interface EndpointStatus {
  readonly name: string
  readonly description: Sender['description']
  /** Objects with something to be told. */
  readonly waiting: number
  readonly underWay: number
  readonly circuit: 'open' | 'closed'
  /** Why nothing is sent there any more. */
  readonly refusal: string | null
}

const AT_ONCE = 128
const WINDOW = 1_000
/** After an endpoint is back, what waits for it is spread over this, ms. */
const RETURN_SPREAD = 2_000

/**
 * Sends what lies in the committed outbox, and writes what came of it. It is told of a task when that runs, and of planned keys once
 * they are committed; it polls nothing. Per (endpoint, object) first in, first out; endpoints do not wait for each other.
 *
 * Between sending and writing the outcome the process may die: the delivery is then made again, with the same id.
 */
export class Courier {
  private readonly queues = new Map<string, EndpointQueue>()
  private readonly endpoints: ReadonlyMap<string, CourierEndpoint>
  private readonly tasks = new Map<number, RunningTask>()
  private readonly timers = new Map<EndpointQueue, () => void>()
  private readonly underWay = new Set<Promise<void>>()
  /** Endpoints that could send if there was room in all, in turn. */
  private readonly hungry = new Set<EndpointQueue>()
  private readonly random: () => number
  private sending = 0
  private order = 0
  private closed = false

  constructor(private readonly options: CourierOptions) {
    this.endpoints = new Map(options.endpoints.map((endpoint) => [endpoint.name, endpoint]))
    this.random = options.random ?? Math.random
  }

  /** A task runs here: reads what lies in its outbox. */
  opened(task: RunningTask): void {
    const known = this.tasks.get(task.partition)
    if (known) this.lost(known)
    this.tasks.set(task.partition, task)
    for (const { key, value } of task.table('endpoints').range()) {
      const mark = endpointRow.decode(value)
      if (this.endpoints.get(key)?.sender.fingerprint === mark.fingerprint) this.queue(key).refusal = 'endpoint-disabled'
    }
    for (const endpoint of endpointsIn(task)) {
      const queue = this.queue(endpoint)
      queue.backlogs.set(task.partition, new Backlog(endpoint))
      this.fill(queue)
      this.pump(queue)
    }
  }

  /** A task no longer runs here. What is under way ends, and its outcome is not written: whoever runs it now sends again. */
  lost(task: RunningTask): void {
    if (this.tasks.get(task.partition) !== task) return
    this.tasks.delete(task.partition)
    for (const queue of this.queues.values()) {
      queue.forget(task)
      this.schedule(queue)
    }
  }

  /** Deliveries were planned and are committed. */
  planned(partition: number, keys: readonly string[]): void {
    const task = this.tasks.get(partition)
    if (!task) return
    const touched = new Set<EndpointQueue>()
    for (const key of keys) {
      const queue = this.queue(endpointOfKey(key))
      touched.add(queue)
      const lane = laneOfKey(key)
      if (queue.has(task, lane)) continue
      if (queue.room) this.admit(queue, task, lane)
      else this.backlog(queue, partition).grew()
    }
    for (const queue of touched) this.pump(queue)
  }

  /** Makes a dead letter be sent again; false: none of this id in the task. */
  async redrive(task: RunningTask, id: string): Promise<boolean> {
    const key = await task.submit((context) => redrive(context, id, this.options.clock.now()))
    if (key === undefined) return false
    const queue = this.queue(endpointOfKey(key))
    if (queue.sender) queue.refusal = undefined
    const unmark = [...this.tasks.values()].filter((other) => other.table('endpoints').get(queue.name) !== undefined)
    await Promise.all(unmark.map((other) => other.submit((context) => context.table('endpoints').delete(queue.name))))
    this.planned(task.partition, [key])
    return true
  }

  /** Gives a dead letter up for good; false: none of this id in the task. */
  drop(task: RunningTask, id: string): Promise<boolean> {
    return task.submit((context) => dropDead(context, id, this.options.clock.now()))
  }

  /** Attempts and outcomes that have not ended. */
  get active(): number {
    return this.underWay.size
  }

  /** How the endpoints are. */
  status(): EndpointStatus[] {
    return [...this.endpoints.values()].map(({ name, sender }) => {
      const { size, underWay, circuit, refusal = null } = this.queue(name)
      return { name, description: sender.description, waiting: size - underWay, underWay, circuit: circuit.state, refusal }
    })
  }

  /** Starts nothing more; resolves when what is under way has ended and its outcomes are written, or after `patienceMs`. */
  async close(patienceMs = 5_000): Promise<void> {
    this.closed = true
    for (const cancel of this.timers.values()) cancel()
    this.timers.clear()
    const patience = new Promise<void>((resolve) => setTimeout(resolve, patienceMs).unref())
    await Promise.race([Promise.allSettled([...this.underWay]), patience])
    await Promise.allSettled(this.options.endpoints.map(({ sender }) => sender.close()))
  }

  private queue(name: string): EndpointQueue {
    let queue = this.queues.get(name)
    if (!queue) {
      const endpoint = this.endpoints.get(name)
      queue = new EndpointQueue(name, endpoint?.sender, endpoint?.concurrency ?? 1, this.options.window ?? WINDOW)
      this.queues.set(name, queue)
    }
    return queue
  }

  private backlog(queue: EndpointQueue, partition: number): Backlog {
    let backlog = queue.backlogs.get(partition)
    if (!backlog) queue.backlogs.set(partition, (backlog = new Backlog(queue.name)))
    return backlog
  }

  /** Takes the first delivery of a lane into memory. */
  private admit(queue: EndpointQueue, task: RunningTask, lane: string): void {
    for (const { key, value } of task.table('outbox').range({ ...within(lane), limit: 1 })) {
      const row = outboxRow.decode(value)
      if (row.throttledUntil !== undefined) queue.circuit.throttled(row.throttledUntil)
      queue.add({ lane, task, key, dueAt: row.nextAttemptAt, order: this.order++ })
    }
  }

  /** Fills an endpoint's window from the outboxes. */
  private fill(queue: EndpointQueue): void {
    for (const [partition, backlog] of queue.backlogs) {
      const task = this.tasks.get(partition)
      while (task && backlog.more && queue.room) {
        const key = backlog.next(task.table('outbox'))
        if (key !== undefined && !queue.has(task, laneOfKey(key))) this.admit(queue, task, laneOfKey(key))
      }
    }
  }

  /** Starts what may go. */
  private pump(queue: EndpointQueue): void {
    const most = this.options.atOnce ?? AT_ONCE
    while (!this.closed && this.sending < most) {
      const head = queue.take(this.options.clock.now())
      if (!head) break
      this.start(queue, head)
    }
    const now = this.options.clock.now()
    if (this.sending >= most && queue.opensAt(now) <= now) this.hungry.add(queue)
    this.schedule(queue)
  }

  /** Comes back when the next delivery of the endpoint is due. */
  private schedule(queue: EndpointQueue): void {
    this.timers.get(queue)?.()
    this.timers.delete(queue)
    const now = this.options.clock.now()
    const at = queue.opensAt(now)
    if (this.closed || at === Infinity || this.hungry.has(queue)) return
    this.timers.set(queue, this.options.clock.after(at - now, () => this.pump(queue)))
  }

  private start(queue: EndpointQueue, head: LaneHead): void {
    this.sending++
    const delivering = this.deliver(queue, head)
    this.underWay.add(delivering)
    void delivering.finally(() => this.underWay.delete(delivering))
  }

  /** One attempt, from the outbox to its outcome in the outbox. */
  private async deliver(queue: EndpointQueue, head: LaneHead): Promise<void> {
    try {
      const sent = await this.attempt(queue, head)
      if (sent) await this.write(queue, head, sent)
      this.next(queue, head)
    } catch (error) {
      queue.leave(head)
      // The partition went to another instance, or to another task of this one, which sends again with the same id.
      if (StreamsError.is(error)) this.next(queue, head)
      else this.options.logger.error({ err: error, endpoint: queue.name }, 'the outcome of a delivery could not be written; it will be sent again after the next start')
    }
    this.fill(queue)
    this.pump(queue)
  }

  /** Sends; undefined: the delivery is not there any more. */
  private async attempt(queue: EndpointQueue, head: LaneHead): Promise<Sent | undefined> {
    try {
      const bytes = head.task.table('outbox').get(head.key)
      if (!bytes) return undefined
      const row = outboxRow.decode(bytes)
      const at = this.options.clock.now()
      if (queue.refusal !== undefined || !queue.sender)
        return { row, at, attempted: false, first: false, outcome: { kind: 'dead', reason: queue.refusal ?? 'endpoint-removed' } }
      const outcome = await queue.sender.send({ id: row.id, message: row.message, attempt: row.attempts + 1, at })
      const ended = this.options.clock.now()
      this.options.events.attempted(queue.name, outcome.kind, (ended - at) / 1000)
      return { row, at: ended, attempted: true, ...this.judge(queue, row, outcome, ended) }
    } finally {
      queue.underWay--
      this.sending--
      this.feed()
    }
  }

  /** What the outcome means for the endpoint, and for a delivery that has been tried for too long. */
  private judge(queue: EndpointQueue, row: OutboxRow, outcome: Outcome, now: number): { outcome: Outcome; first: boolean } {
    const { logger, backoff = BACKOFF } = this.options
    if (outcome.kind === 'retry') {
      if (outcome.throttle) queue.circuit.throttled(outcome.notBefore ?? now + pause(backoff, row.attempts + 1, this.random))
      else queue.circuit.failed(now)
      if (now - (row.firstAttemptAt ?? now) < backoff.total) return { outcome, first: false }
      logger.error({ endpoint: queue.name, delivery: row.id, reason: outcome.reason }, 'a delivery is given up; it can be redriven')
      return { outcome: { ...outcome, kind: 'dead', reason: `given-up: ${outcome.reason}` }, first: true }
    }
    if (queue.circuit.succeeded()) queue.hurry(now, () => this.random() * RETURN_SPREAD)
    if (outcome.kind === 'delivered') return { outcome, first: false }
    const first = outcome.kind === 'gone' && queue.refusal === undefined
    if (outcome.kind === 'gone') queue.refusal = 'endpoint-disabled'
    logger.error({ endpoint: queue.name, delivery: row.id, status: outcome.status, reason: outcome.reason }, outcome.kind === 'gone' ? 'an endpoint says that it is gone; nothing more is sent there' : 'a delivery was refused; it can be redriven')
    return { outcome, first }
  }

  private async write(queue: EndpointQueue, head: LaneHead, { row, at, attempted, outcome, first }: Sent): Promise<void> {
    const settlement = {
      key: head.key,
      row,
      outcome,
      attempted,
      at,
      nextAttemptAt: this.nextAttemptAt(queue, row, outcome, at),
      fingerprint: queue.sender?.fingerprint ?? '',
      fallback: first ? this.endpoints.get(queue.name)?.fallback : undefined,
    }
    const keys = await head.task.submit((context) => settle(context, settlement))
    if (keys.length > 0) this.planned(head.task.partition, keys)
  }

  private nextAttemptAt(queue: EndpointQueue, row: OutboxRow, outcome: Outcome, now: number): number {
    const own = now + pause(this.options.backoff ?? BACKOFF, row.attempts + 1, this.random)
    if (outcome.kind !== 'retry') return own
    if (!outcome.throttle) return Math.max(own, outcome.notBefore ?? 0)
    return Math.max(queue.circuit.notBefore, outcome.notBefore ?? own)
  }

  /** The lane goes on: with the same delivery again, or the one behind it. */
  private next(queue: EndpointQueue, head: LaneHead): void {
    queue.leave(head)
    const task = this.tasks.get(head.task.partition)
    // A task that is not running is opened again when it does.
    if (task?.state === 'running') this.admit(queue, task, head.lane)
  }

  /** There is room again: the endpoints that waited for it take turns. */
  private feed(): void {
    for (const queue of this.hungry) {
      if (this.sending >= (this.options.atOnce ?? AT_ONCE)) return
      this.hungry.delete(queue)
      this.pump(queue)
    }
  }
}

interface Sent {
  readonly row: OutboxRow
  readonly at: number
  readonly attempted: boolean
  readonly outcome: Outcome
  /** The first delivery that the endpoint gave up on: the one to be reported. */
  readonly first: boolean
}

/** Endpoints that have something in a task's outbox. */
function* endpointsIn(task: RunningTask): IterableIterator<string> {
  const outbox = task.table('outbox')
  for (let from = ''; ; ) {
    const [row] = outbox.range({ from, limit: 1 })
    if (!row) return
    const endpoint = endpointOfKey(row.key)
    yield endpoint
    from = within(endpoint).to
  }
}
