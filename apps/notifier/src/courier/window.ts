import type { RunningTask } from '@quorate/streams'
import { endpointOfKey, laneOfKey, within } from '../rows/keys'
import type { PlannedDelivery } from '../rows/rows'
import { isFillingBatch, MAX_FILLING_MS } from '../outbox/group-batches'
import { outboxRow } from '../rows/packed-rows'
import type { GoneMark } from '../pipeline'
import { Backlog, MAX_ROWS_READ } from './backlog'
import type { CourierEndpoint } from './endpoint'
import type { LaneRest } from './backlog'
import { OutboxDepths } from './depths'
import { EndpointQueue, type LaneHead, Spare } from './endpoint-queue'

/**
 * What the courier holds in memory of the outboxes of the tasks that run here: for each endpoint the first delivery of
 * a bounded number of lanes. The rest stays in the tables and is read as there is room.
 */
export class OutboxWindow {
  private readonly queues = new Map<string, EndpointQueue>()
  private readonly tasks = new Map<number, RunningTask>()
  private readonly spare: Spare
  /**
   * Partitions whose outbox was read since the last announcement: what is announced next may be known, or settled,
   * already.
   */
  private readonly read = new Set<number>()
  private readonly depths = new OutboxDepths()
  private gone: ReadonlyMap<string, GoneMark> = new Map()
  private order = 0

  constructor(
    private readonly endpoints: ReadonlyMap<string, CourierEndpoint>,
    private readonly size: number,
    spare: number,
  ) {
    this.spare = new Spare(spare)
  }

  /** The queue of an endpoint; one that is not configured has a queue that refuses everything. */
  queue(name: string): EndpointQueue {
    let queue = this.queues.get(name)
    if (!queue) {
      const endpoint = this.endpoints.get(name)
      queue = new EndpointQueue(
        name,
        endpoint?.sender,
        endpoint?.concurrency ?? 1,
        this.size,
        this.spare,
        endpoint?.retiredUntil,
      )
      this.disable(queue)
      this.queues.set(name, queue)
    }
    return queue
  }

  /** The endpoints have changed: answers the queues there are, each with its endpoint as it is now. */
  configured(): EndpointQueue[] {
    return [...this.queues.keys()].map((name) => this.configure(name))
  }

  /** The queue of an endpoint, with the endpoint as it is now. */
  configure(name: string): EndpointQueue {
    const queue = this.queue(name)
    const endpoint = this.endpoints.get(name)
    queue.use(endpoint?.sender, endpoint?.concurrency ?? 1, endpoint?.retiredUntil)
    this.disable(queue)
    return queue
  }

  /** Other endpoints are gone from now on: answers the queues that this concerns. */
  marked(gone: ReadonlyMap<string, GoneMark>): EndpointQueue[] {
    const before = this.gone
    this.gone = gone
    const names = [...gone.keys(), ...[...before.keys()].filter((name) => !gone.has(name))]
    return names.map((name) => {
      const queue = this.queue(name)
      if (before.has(name) && !gone.has(name) && queue.sender) queue.refusal = undefined
      this.disable(queue)
      return queue
    })
  }

  private disable(queue: EndpointQueue): void {
    const mark = this.gone.get(queue.name)
    if (mark && queue.sender?.fingerprint === mark.fingerprint) queue.refusal = 'endpoint-disabled'
  }

  all(): readonly EndpointQueue[] {
    return [...this.queues.values()]
  }

  /** Deliveries to an endpoint that lie in the outboxes here. */
  depth(endpoint: string): number {
    return this.depths.of(endpoint)
  }

  running(): readonly RunningTask[] {
    return [...this.tasks.values()]
  }

  /** A task runs here: answers the queues that its outbox has something for. */
  opened(task: RunningTask): EndpointQueue[] {
    const known = this.tasks.get(task.partition)
    if (known) this.lost(known)
    this.tasks.set(task.partition, task)
    this.depths.opened(task)
    return [...endpointsIn(task)].map((endpoint) => {
      const queue = this.queue(endpoint)
      queue.backlogs.set(task.partition, new Backlog(endpoint))
      this.fill(queue)
      return queue
    })
  }

  /** A task no longer runs here: answers the queues that may have had something of it. */
  lost(task: RunningTask): EndpointQueue[] {
    if (this.tasks.get(task.partition) !== task) return []
    this.tasks.delete(task.partition)
    this.depths.lost(task.partition)
    const queues = [...this.queues.values()]
    for (const queue of queues) queue.forget(task)
    return queues
  }

  /**
   * A group's message waits, for a while, for the tasks of this instance that are still filling theirs: they go
   * together.
   */
  isFilling({ task, row }: LaneHead, now: number): boolean {
    const { message, endpoint, attempts, plannedAt } = row
    if (message.kind !== 'group' || attempts > 0 || now >= plannedAt + MAX_FILLING_MS) return false
    return this.running().some(
      (other) => other !== task && other.state === 'running' && isFillingBatch(other, endpoint, message.object),
    )
  }

  /** An earlier change of what the message tells waits in another lane of the endpoint. */
  isBehind({ task, row: { after } }: LaneHead): boolean {
    if (after === undefined || task.state !== 'running') return false
    const outbox = task.table('outbox')
    return after.some((key) => {
      const [first] = outbox.range({ ...within(laneOfKey(key)), limit: 1 })
      return first !== undefined && first.key <= key
    })
  }

  /** Deliveries were planned and are committed: answers the queues that they are for. */
  planned(partition: number, planned: readonly PlannedDelivery[]): ReadonlySet<EndpointQueue> {
    const touched = new Set<EndpointQueue>()
    const task = this.tasks.get(partition)
    if (!task) return touched
    const unsettled = this.read.delete(partition) && task.state === 'running' ? task.table('outbox') : undefined
    for (const { key, row } of planned) {
      if (unsettled && unsettled.get(key) === undefined) continue
      const queue = this.queue(endpointOfKey(key))
      touched.add(queue)
      this.depths.planned(partition, key)
      const lane = laneOfKey(key)
      if (queue.grew(task, lane, { key, row })) continue
      if (!queue.welcomes) this.backlog(queue, partition).grew()
      // Where everything else is in memory, this is the first of its lane.
      else if (queue.complete && !queue.backlogs.get(partition)?.more)
        this.add(queue, task, lane, { key, row }, { more: false })
      else this.admit(queue, task, lane)
    }
    return touched
  }

  /** A delivery is settled: takes the next of its lane into memory, if there is one and its task runs. */
  goOn(queue: EndpointQueue, head: LaneHead, settled: boolean): void {
    const { next, more } = queue.leave(head)
    if (settled) this.depths.settled(head.task.partition, head.key)
    if (settled && !next && !more) return
    const { lane } = head
    const task = this.tasks.get(head.task.partition)
    // A task that is not running is opened again when it does.
    if (task?.state !== 'running') return
    if (settled && next && task === head.task) this.add(queue, task, lane, next, { more })
    else this.admit(queue, task, lane)
  }

  /** Fills an endpoint's window from the outboxes: when it has room for a page, or nothing to do at `now`. */
  fill(queue: EndpointQueue, now = -Infinity): void {
    if (queue.room < MAX_ROWS_READ && !queue.isIdle(now)) return
    for (const [partition, backlog] of queue.backlogs) {
      const task = this.tasks.get(partition)
      if (backlog.more) this.read.add(partition)
      while (task?.state === 'running' && backlog.more && queue.room > 0) {
        const first = backlog.next(task.table('outbox'), queue.room)
        if (!first || queue.grew(task, first.lane)) continue
        this.add(queue, task, first.lane, first.head, first.rest)
      }
      backlog.pause()
    }
  }

  private admit(queue: EndpointQueue, task: RunningTask, lane: string): void {
    this.read.add(task.partition)
    for (const { key, value } of task.table('outbox').range({ ...within(lane), limit: 1 }))
      this.add(queue, task, lane, { key, row: outboxRow.decode(value) }, { more: true })
  }

  private add(
    queue: EndpointQueue,
    task: RunningTask,
    lane: string,
    { key, row }: PlannedDelivery,
    rest: LaneRest,
  ): void {
    if (row.throttledUntil !== undefined) queue.circuit.restThrottled(row.throttledUntil)
    queue.add({ lane, task, key, row, dueAt: row.nextAttemptAt, order: this.order++ }, rest)
  }

  private backlog(queue: EndpointQueue, partition: number): Backlog {
    let backlog = queue.backlogs.get(partition)
    if (!backlog) queue.backlogs.set(partition, (backlog = new Backlog(queue.name)))
    return backlog
  }
}

/** Endpoints that have something in a task's outbox. */
function* endpointsIn(task: RunningTask): IterableIterator<string> {
  const outbox = task.table('outbox')
  for (let from = ''; ;) {
    const [row] = outbox.range({ from, limit: 1 })
    if (!row) return
    const endpoint = endpointOfKey(row.key)
    yield endpoint
    from = within(endpoint).to
  }
}
