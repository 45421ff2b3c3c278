import type { RunningTask } from '@quorate/streams'
import type { Sender } from '../channels/channel'
import type { Planned } from '../outbox/planned'
import type { OutboxRow } from '../outbox/rows'
import type { Backlog } from './backlog'
import { Circuit } from './circuit'
import type { Rest } from './rest'
import { DueHeap, type Entry } from './due-heap'

/** The first delivery of a lane (one endpoint, one object): what comes behind it waits in the outbox until it is settled. */
export interface LaneHead extends Entry {
  readonly lane: string
  readonly task: RunningTask
  /** Key in the outbox. */
  readonly key: string
  /** Nobody but the courier changes it while it is here. */
  readonly row: OutboxRow
}

/** What waits for one endpoint in this process, and whether it may go. */
export class EndpointQueue {
  readonly circuit = new Circuit()
  /** By partition. */
  readonly backlogs = new Map<number, Backlog>()
  /** Why nothing may be sent here any more; what waits dies with this reason. */
  refusal: string | undefined
  underWay = 0
  private readonly waiting = new DueHeap<LaneHead>()
  /** Lanes in memory, their heads waiting or under way. */
  private readonly lanes = new Map<string, Rest>()
  /** False: a lane was left with something in it, so the outbox has to be asked for the first of a lane. */
  complete = true

  constructor(
    readonly name: string,
    public sender: Sender | undefined,
    private concurrency: number,
    private readonly window: number,
  ) {
    if (!sender) this.refusal = 'endpoint-removed'
  }

  /** The endpoint as it is configured now, or that it is not any more. A mark of the old address is void at a new one. */
  use(sender: Sender | undefined, concurrency: number): void {
    const moved = sender?.fingerprint !== this.sender?.fingerprint
    this.sender = sender
    this.concurrency = concurrency
    if (!sender) this.refusal = 'endpoint-removed'
    else if (moved) this.refusal = undefined
  }

  get room(): boolean {
    return this.lanes.size < this.window
  }

  get size(): number {
    return this.lanes.size
  }

  /** Something was planned behind the head of a lane; false: the lane is not in memory. */
  grew(task: RunningTask, lane: string, planned?: Planned): boolean {
    const at = place(task, lane)
    const rest = this.lanes.get(at)
    if (!rest) return false
    this.lanes.set(at, planned && !rest.next && !rest.more ? { next: planned, more: false } : { ...rest, more: true })
    return true
  }

  add(head: LaneHead, rest: Rest): void {
    this.lanes.set(place(head.task, head.lane), rest)
    this.waiting.push(head)
  }

  /** The head of a lane is done with; answers what is behind it. */
  leave({ task, lane }: LaneHead): Rest {
    const at = place(task, lane)
    const rest = this.lanes.get(at) ?? { more: true }
    this.lanes.delete(at)
    return rest
  }

  /** The next delivery that may go now; it counts as under way until `underWay` is lowered. */
  take(now: number): LaneHead | undefined {
    if (this.opensAt(now) > now) return undefined
    this.underWay++
    return this.waiting.pop()
  }

  /** When `take` will answer something, ms; Infinity: not before something changes. */
  opensAt(now: number): number {
    const { first } = this.waiting
    if (!first) return Infinity
    if (this.refusal !== undefined) return now
    if (this.underWay >= this.circuit.atOnce(this.concurrency)) return Infinity
    return Math.max(first.dueAt, this.circuit.notBefore)
  }

  /** The endpoint is back: what waits for its next attempt need not wait its pause out. */
  hurry(now: number, spread: () => number): void {
    this.waiting.rebuild((head) => ({ ...head, dueAt: Math.min(head.dueAt, now + spread()) }))
  }

  /** The partition went away. */
  forget(task: RunningTask): void {
    this.backlogs.delete(task.partition)
    this.waiting.rebuild((head) => {
      if (head.task !== task) return head
      this.leave(head)
      return undefined
    })
  }
}

const place = (task: RunningTask, lane: string): string => `${task.partition}\u0001${lane}`
