import type { Row } from '@quorate/state-store'
import type { RunningTask } from '@quorate/streams'
import { endpointOfKey, laneOfKey, within } from '../outbox/keys'
import { endpointRow, outboxRow } from '../outbox/rows'
import { Backlog } from './backlog'
import type { CourierEndpoint } from './endpoint'
import { EndpointQueue } from './endpoint-queue'

/**
 * What the courier holds in memory of the outboxes of the tasks that run here: for each endpoint the first delivery of a bounded number
 * of lanes. The rest stays in the tables and is read as there is room.
 */
export class OutboxWindow {
  private readonly queues = new Map<string, EndpointQueue>()
  private readonly tasks = new Map<number, RunningTask>()
  private order = 0

  constructor(
    private readonly endpoints: ReadonlyMap<string, CourierEndpoint>,
    private readonly size: number,
  ) {}

  /** The queue of an endpoint; one that is not configured has a queue that refuses everything. */
  queue(name: string): EndpointQueue {
    let queue = this.queues.get(name)
    if (!queue) {
      const endpoint = this.endpoints.get(name)
      queue = new EndpointQueue(name, endpoint?.sender, endpoint?.concurrency ?? 1, this.size)
      this.queues.set(name, queue)
    }
    return queue
  }

  running(): readonly RunningTask[] {
    return [...this.tasks.values()]
  }

  /** A task runs here: answers the queues that its outbox has something for. */
  opened(task: RunningTask): EndpointQueue[] {
    const known = this.tasks.get(task.partition)
    if (known) this.lost(known)
    this.tasks.set(task.partition, task)
    for (const { key, value } of task.table('endpoints').range()) {
      const { fingerprint } = endpointRow.decode(value)
      if (this.endpoints.get(key)?.sender.fingerprint === fingerprint) this.queue(key).refusal = 'endpoint-disabled'
    }
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
    const queues = [...this.queues.values()]
    for (const queue of queues) queue.forget(task)
    return queues
  }

  /** Deliveries were planned and are committed: answers the queues that they are for. */
  planned(partition: number, keys: readonly string[]): ReadonlySet<EndpointQueue> {
    const touched = new Set<EndpointQueue>()
    const task = this.tasks.get(partition)
    if (!task) return touched
    for (const key of keys) {
      const queue = this.queue(endpointOfKey(key))
      touched.add(queue)
      const lane = laneOfKey(key)
      if (queue.has(task, lane)) continue
      if (queue.room) this.admit(queue, task, lane)
      else this.backlog(queue, partition).grew()
    }
    return touched
  }

  /** Takes the first delivery of a lane into memory, if the lane has one and its task runs. */
  goOn(queue: EndpointQueue, partition: number, lane: string): void {
    const task = this.tasks.get(partition)
    // A task that is not running is opened again when it does.
    if (task?.state === 'running') this.admit(queue, task, lane)
  }

  /** Fills an endpoint's window from the outboxes. */
  fill(queue: EndpointQueue): void {
    for (const [partition, backlog] of queue.backlogs) {
      const task = this.tasks.get(partition)
      while (task?.state === 'running' && backlog.more && queue.room) {
        const row = backlog.next(task.table('outbox'))
        if (row && !queue.has(task, laneOfKey(row.key))) this.add(queue, task, row)
      }
    }
  }

  private admit(queue: EndpointQueue, task: RunningTask, lane: string): void {
    for (const row of task.table('outbox').range({ ...within(lane), limit: 1 })) this.add(queue, task, row)
  }

  private add(queue: EndpointQueue, task: RunningTask, { key, value }: Row): void {
    const { throttledUntil, nextAttemptAt } = outboxRow.decode(value)
    if (throttledUntil !== undefined) queue.circuit.throttled(throttledUntil)
    queue.add({ lane: laneOfKey(key), task, key, dueAt: nextAttemptAt, order: this.order++ })
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
