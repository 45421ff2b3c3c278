import type { RunningTask } from '@quorate/streams'
import type { Sender } from '../channels/channel'
import { closesSomething } from '../outbox/message'
import type { PlannedDelivery } from '../rows/rows'
import type { OutboxRow } from '../rows/rows'
import type { Backlog } from './backlog'
import { Circuit } from './circuit'
import type { LaneRest } from './backlog'
import { DueHeap, type Entry } from './due-heap'
import { canGoTogether } from './together'

/**
 * The first delivery of a lane (one endpoint, one object): what comes behind it waits in the outbox until it is
 * settled.
 */
export interface LaneHead extends Entry {
  readonly lane: string
  readonly task: RunningTask
  /** Key in the outbox. */
  readonly key: string
  /** Nobody but the courier changes it while it is here. */
  readonly row: OutboxRow
}

/**
 * Lanes that all endpoints together may hold beyond their own windows: what is planned a moment before it is sent need
 * not be read from the table again.
 */
export class Spare {
  private used = 0

  constructor(private readonly size: number) {}

  get left(): boolean {
    return this.used < this.size
  }

  take(lanes: number): void {
    this.used += lanes
  }
}

interface Lane {
  /** The last key of it that is in memory. */
  readonly known: string
  readonly rest: LaneRest
  /** Of its head, ms. */
  readonly plannedAt: number
}

/** What waits for one endpoint in this process, and whether it may go. */
export class EndpointQueue {
  readonly circuit = new Circuit()
  /** By partition. */
  readonly backlogs = new Map<number, Backlog>()
  /** Why nothing may be sent here any more; what waits dies with this reason. */
  refusal: string | undefined
  underWay = 0
  /** ms since when nothing has been taken there; undefined: the last attempt went well. */
  failingSince: number | undefined
  /** The fallback has been told of it. */
  reported = false
  /** When it was last logged that it fails, ms. */
  warnedAt = -Infinity
  private readonly waiting = new DueHeap<LaneHead>()
  /** Lanes in memory, their heads waiting or under way. */
  private readonly lanes = new Map<string, Lane>()
  /** False: a lane was left with something in it, so the outbox has to be asked for the first of a lane. */
  complete = true

  constructor(
    readonly name: string,
    public sender: Sender | undefined,
    private concurrency: number,
    private readonly window: number,
    private readonly spare: Spare,
    private retiredUntil?: number,
  ) {
    if (!sender) this.refusal = 'endpoint-removed'
  }

  /**
   * The endpoint as it is configured now, or that it is not any more. A mark of the old address is void at a new one.
   */
  use(sender: Sender | undefined, concurrency: number, retiredUntil?: number): void {
    this.retiredUntil = retiredUntil
    // What does not close anything ends at once.
    if (retiredUntil !== undefined)
      this.waiting.rebuild((head) => (closesSomething(head.row.message) ? head : { ...head, dueAt: 0 }))
    const moved = sender?.fingerprint !== this.sender?.fingerprint
    this.sender = sender
    this.concurrency = concurrency
    if (!sender) this.refusal = 'endpoint-removed'
    else if (moved) this.refusal = undefined
  }

  /** Why a delivery dies without an attempt; undefined: it may be sent. */
  refuses({ row }: Pick<LaneHead, 'row'>, now: number): string | undefined {
    if (this.refusal !== undefined || this.retiredUntil === undefined) return this.refusal
    return closesSomething(row.message) && now < this.retiredUntil ? undefined : 'endpoint-removed'
  }

  /** Lanes that the endpoint's own window has room for. */
  get room(): number {
    return this.window - this.lanes.size
  }

  /** Is there room for one that is planned just now? */
  get welcomes(): boolean {
    return this.room > 0 || this.spare.left
  }

  /** Nothing of it could go now, were the endpoint free. */
  isIdle(now: number): boolean {
    return !this.waiting.first || this.waiting.first.dueAt > now
  }

  get size(): number {
    return this.lanes.size
  }

  /** When the oldest delivery in memory was planned, ms. */
  get oldest(): number | undefined {
    let oldest: number | undefined
    for (const { plannedAt } of this.lanes.values()) if (oldest === undefined || plannedAt < oldest) oldest = plannedAt
    return oldest
  }

  /** Something was planned behind the head of a lane; false: the lane is not in memory. */
  grew(task: RunningTask, lane: string, planned?: PlannedDelivery): boolean {
    const at = place(task, lane)
    const found = this.lanes.get(at)
    if (!found) return false
    const { known, rest, plannedAt } = found
    // It was read from the outbox before it was announced.
    if (planned && planned.key <= known) return true
    if (planned && !rest.next && !rest.more)
      this.lanes.set(at, { plannedAt, known: planned.key, rest: { next: planned, more: false } })
    else this.lanes.set(at, { plannedAt, known, rest: { ...rest, more: true } })
    return true
  }

  add(head: LaneHead, rest: LaneRest): void {
    const known = rest.next?.key ?? head.key
    this.spare.take(
      this.change(() => this.lanes.set(place(head.task, head.lane), { known, rest, plannedAt: head.row.plannedAt })),
    )
    this.waiting.push(head)
  }

  /** The head of a lane is done with; answers what is behind it. */
  leave({ task, lane }: LaneHead): LaneRest {
    const at = place(task, lane)
    const rest = this.lanes.get(at)?.rest ?? { more: true }
    this.spare.take(this.change(() => this.lanes.delete(at)))
    return rest
  }

  /** Answers by how many lanes more the window is exceeded after it. */
  private change(lanes: () => void): number {
    const before = Math.max(0, -this.room)
    lanes()
    return Math.max(0, -this.room) - before
  }

  /** The next delivery that may go now; it counts as under way until `underWay` is lowered. */
  take(now: number): LaneHead | undefined {
    if (this.opensAt(now) > now) return undefined
    this.underWay++
    return this.waiting.pop()
  }

  /** What was taken does not go yet. */
  postpone(head: LaneHead, dueAt: number): void {
    this.underWay--
    this.waiting.push({ ...head, dueAt })
  }

  /** Takes what can go in one attempt with a delivery: of its group, from other partitions. */
  takeTogether({ lane, task, row }: LaneHead): LaneHead[] {
    const found: LaneHead[] = []
    if (row.message.kind !== 'group') return found
    this.waiting.rebuild((head) => {
      if (head.lane !== lane || head.task === task || !canGoTogether(row, head.row)) return head
      found.push(head)
      return undefined
    })
    return found
  }

  /** When `take` will answer something, ms; Infinity: not before something changes. */
  opensAt(now: number): number {
    const { first } = this.waiting
    if (!first) return Infinity
    if (this.refuses(first, now) !== undefined) return now
    if (this.sender?.opening) return Infinity
    if (this.underWay >= this.circuit.atOnce(this.concurrency, now)) return Infinity
    return Math.min(Math.max(first.dueAt, this.circuit.notBefore), this.retiredUntil ?? Infinity)
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
