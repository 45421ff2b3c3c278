import { LIMITS } from '@quorate/contracts'
import type { TableReader } from '@quorate/state-store'
import type { EndpointSettings, Receiver, Route } from '../pipeline'
import { deliveryId } from './delivery-keys'
import { freeKey } from './delivery-keys'
import { within } from '../rows/keys'
import type { ChangeMessage, GroupMessage } from './message'
import type { PlannedDelivery } from '../rows/rows'
import { outboxRow } from '../rows/packed-rows'
import type { RecordRef } from '../decisions/record-ref'
import { type DeliveryRow, type GroupBatchRow, groupBatchRow, type OutboxRow } from '../rows/rows'
import type { Tables } from '../rows/tables'

/** How long a message takes changes from its first on: a group of many is worked off in several commits, ms. */
const OPEN_MS = 1_000
/** How long it takes more while the task still works off what is due, and waits for tasks that do, ms. */
export const MAX_FILLING_MS = 60_000
/** How long a closed one waits for those of the other partitions of this instance, ms. */
const OTHER_PARTITIONS_MS = 1_000

/** Writes a decision. */
export type Recorder = (tables: Tables, row: Omit<DeliveryRow, 'forgetAt'>) => RecordRef

export interface GroupedChange {
  readonly receiver: Receiver
  readonly endpoint: EndpointSettings
  readonly route: Route
  /** Of the group. */
  readonly labels: Readonly<Record<string, string>>
  readonly change: ChangeMessage
  readonly now: number
  /** Deliveries that the message goes behind. */
  readonly after: readonly string[]
}

/**
 * The messages to channels that gather which a task is filling: one for each endpoint and group. Written when the batch
 * is sealed.
 */
export class GroupBatches {
  private readonly open = new Map<string, { row: GroupBatchRow; bytes: number; changed: boolean }>()

  /**
   * Adds a change to the message of its group. A message that would wait for too many other deliveries is closed first
   * and another one opened: `closed` is its delivery, in the same lane and so sent before.
   */
  add(
    tables: Tables,
    { receiver, endpoint, route, labels, change, now, after }: GroupedChange,
    record: Recorder,
  ): { readonly record: RecordRef; readonly closed?: PlannedDelivery } {
    // One message is filled for each lane: two that are due at one moment have no order.
    const object = laneObject(route.path, labels)
    const key = `${endpoint.name}\u0001${object}`
    const full = after.length > 0 && !this.canWaitFor(tables, key, after)
    const closed = full ? this.closeLane(tables, endpoint.name, object, now, record) : undefined
    const before = this.read(tables, key)
    const known = before?.row
    const event = known?.event ?? groupEvent(route, change.event)
    const within = deliveryId(event, endpoint.name)
    const ref = record(tables, {
      id: deliveryId(change.event, endpoint.name),
      object: change.object,
      event: change.event,
      time: change.time,
      state: change.state,
      previous: change.previous,
      receiver: receiver.name,
      route: route.path,
      endpoint: endpoint.name,
      channel: endpoint.channel,
      status: 'gathered',
      reason: null,
      within,
      decidedAt: now,
      attempts: 0,
      nextAttemptAt: null,
      lastAttempt: null,
    })
    const hasPlace = before === undefined || known!.changes.length < LIMITS.groupChanges
    const bytes = hasPlace ? bytesOf(change) : 0
    // The first one always fits.
    const isListed = hasPlace && (before === undefined || before.bytes + bytes <= LIMITS.groupBytes)
    const row: GroupBatchRow = known
      ? {
          ...known,
          changes: isListed ? [...known.changes, change] : known.changes,
          total: known.total + 1,
          time: Math.max(known.time, change.time),
        }
      : {
          closeAt: now + OPEN_MS,
          event,
          endpoint: endpoint.name,
          channel: endpoint.channel,
          receiver: receiver.name,
          route: route.path,
          labels,
          changes: [change],
          total: 1,
          time: change.time,
        }
    const behind = [...new Set([...(known?.after ?? []), ...after])]
    this.open.set(key, {
      row: behind.length > 0 ? { ...row, after: behind } : row,
      bytes: (before?.bytes ?? 0) + (isListed ? bytes : 0),
      changed: true,
    })
    return { record: ref, ...(closed ? { closed } : {}) }
  }

  /**
   * Whether a message can wait for these deliveries as well. Those that have been settled meanwhile no longer count.
   */
  private canWaitFor(tables: Tables, key: string, after: readonly string[]): boolean {
    const before = this.read(tables, key)
    const known = before?.row.after
    if (!before || known === undefined || isShort([...known, ...after])) return true
    const outbox = tables.table('outbox')
    const left = known.filter((one) => outbox.get(one) !== undefined)
    this.open.set(key, { ...before, row: { ...before.row, after: left }, changed: true })
    return isShort([...new Set([...left, ...after])])
  }

  /** Plans the messages whose time has come; answers them. */
  close(tables: Tables, now: number, alone: boolean, record: Recorder): PlannedDelivery[] {
    const planned: PlannedDelivery[] = []
    this.flush(tables)
    const table = tables.table('gatherings')
    // What is due now and not worked off yet may belong into it.
    const working = tables.table('objects').firstDue(now) !== undefined
    for (let due = table.firstDue(now); due; due = table.firstDue(now)) {
      if (working && now < due.due + MAX_FILLING_MS) break
      planned.push(
        planBatch(
          tables,
          groupBatchRow.decode(table.get(due.key)!),
          now,
          alone ? now : now + OTHER_PARTITIONS_MS,
          record,
        ),
      )
      this.open.delete(due.key)
      table.delete(due.key)
    }
    return planned
  }

  /** Plans the message of a lane now, if one is being filled: what is planned next goes behind it. */
  closeLane(
    tables: Tables,
    endpoint: string,
    object: string,
    now: number,
    record: Recorder,
  ): PlannedDelivery | undefined {
    this.flush(tables)
    const table = tables.table('gatherings')
    for (const { key, value } of table.range(within(endpoint))) {
      const row = groupBatchRow.decode(value)
      if (laneObject(row.route, row.labels) !== object) continue
      this.open.delete(key)
      table.delete(key)
      return planBatch(tables, row, now, now, record)
    }
    return undefined
  }

  flush(tables: Tables): void {
    const table = tables.table('gatherings')
    for (const [key, one] of this.open) {
      if (!one.changed) continue
      one.changed = false
      table.put(key, groupBatchRow.encode(one.row))
      table.arm(key, one.row.closeAt)
    }
  }

  private read(tables: Tables, key: string): { row: GroupBatchRow; bytes: number } | undefined {
    const known = this.open.get(key)
    if (known) return known
    const value = tables.table('gatherings').get(key)
    if (value === undefined) return undefined
    const row = groupBatchRow.decode(value)
    return { row, bytes: row.changes.reduce((sum, change) => sum + bytesOf(change), 0) }
  }
}

const bytesOf = (value: ChangeMessage | readonly string[]): number => Buffer.byteLength(JSON.stringify(value))

const isShort = (behind: readonly string[]): boolean =>
  behind.length <= LIMITS.groupBehind && bytesOf(behind) <= LIMITS.groupBehindBytes

/** Unlike any event of an object, whatever that is named: those end with their revision. */
const groupEvent = ({ path }: Route, first: string): string => `${first}/group:${path}`

function planBatch(
  tables: Tables,
  gathering: GroupBatchRow,
  now: number,
  nextAttemptAt: number,
  record: Recorder,
): PlannedDelivery {
  const { event, endpoint, channel, receiver, route, labels, changes, total, time, after } = gathering
  const id = deliveryId(event, endpoint)
  const object = laneObject(route, labels)
  const message: GroupMessage = { kind: 'group', event, time, object, labels, changes, total }
  const kept = record(tables, {
    id,
    object,
    event,
    time,
    state: null,
    previous: null,
    receiver,
    route,
    endpoint,
    channel,
    status: 'pending',
    reason: null,
    decidedAt: now,
    attempts: 0,
    nextAttemptAt,
    lastAttempt: null,
  })
  const attempts = { attempts: 0, firstAttemptAt: null, nextAttemptAt }
  const behind = after === undefined ? {} : { after }
  const row: OutboxRow = { id, endpoint, receiver, record: kept, message, plannedAt: now, ...attempts, ...behind }
  // The time orders a group's messages; two of one moment are told apart.
  const key = freeKey(tables, endpoint, object, now)
  tables.table('outbox').put(key, outboxRow.encode(row))
  return { key, row }
}

/** Whether a task is filling the message of a group; of committed rows. */
export function isFillingBatch(task: { table(name: string): TableReader }, endpoint: string, object: string): boolean {
  for (const { value } of task.table('gatherings').range(within(endpoint))) {
    const { route, labels } = groupBatchRow.decode(value)
    if (laneObject(route, labels) === object) return true
  }
  return false
}

/** Names the lane of a group's messages, as an object names that of its own. */
export const laneObject = (route: string, labels: Readonly<Record<string, string>>): string =>
  ['group', route, ...Object.entries(labels).map(([name, value]) => `${name}=${value}`)].join(' ')
