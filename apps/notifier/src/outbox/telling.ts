import {
  type GroupTimes,
  groupKey,
  judge,
  type News,
  type Reason,
  type Receiver,
  type Route,
  type Router,
  sinceOf,
  STAGES,
  type Told,
  type Verdict,
} from '../pipeline'
import { decisionId } from './delivery-id'
import { amend, erase, record } from './ledger'
import { changeMessage } from './message'
import { plan } from './plan'
import type { Planned } from './planned'
import { pageOf, type RecordRef } from './record-ref'
import { groupRow, type Held } from './rows'
import type { Tables } from './tables'
import { longer } from './trail'

/** The configuration in force, compiled. */
export interface Directions {
  readonly router: Router
  readonly receivers: ReadonlyMap<string, Receiver>
}

/** What one batch of a task has at hand. */
export interface Desk {
  readonly tables: Tables
  readonly directions: Directions
  readonly now: number
  readonly behind: boolean
  /** Deliveries planned in this batch. */
  readonly planned: Planned[]
  readonly count: (decision: 'sent' | 'held' | 'suppressed', reason: Reason | 'sent') => void
}

/** An object's row, taken apart while it is worked on. */
export interface Draft {
  news: News
  readonly told: Record<string, Told>
  readonly held: Record<string, Held>
  number: number
  trail: readonly string[]
}

/** A change came: asks for every receiver that it may concern, on every route that takes it or holds or told an earlier one. */
export function tell(desk: Desk, draft: Draft, previous: News | undefined): void {
  const routed = desk.directions.router.match(draft.news)
  const news = draft.news
  const unchanged = previous !== undefined && news.type === 'object.updated' && news.state === previous.state
  const open = openRoutes(desk, draft, routed)
  for (const route of [...routed, ...open]) {
    const waiting = draft.held[route.path]
    if (waiting && unchanged) {
      note(desk, draft, route, { verdict: 'suppress', reason: 'no-change' })
      continue
    }
    if (waiting) drop(desk, draft, route.path, 'superseded')
    consider(desk, draft, route, !open.includes(route), undefined)
  }
  // What waits goes on waiting with the change that it waits with; what else came in between changes no state.
  if (unchanged && Object.keys(draft.held).length > 0) draft.news = previous
}

/** The time of a held change has come: judges it again from the first stage. */
export function tellHeld(desk: Desk, draft: Draft): void {
  for (const [path, held] of Object.entries(draft.held)) {
    if (held.until > desk.now) continue
    const route = desk.directions.router.route(path)
    if (!route) {
      drop(desk, draft, path, 'receiver-removed')
      continue
    }
    const routed = desk.directions.router.match(draft.news).includes(route)
    consider(desk, draft, route, routed, held)
  }
}

/** Routes that do not take the change, but have something open: a change that waits, or a state told that must be closed. */
function openRoutes(desk: Desk, { told, held }: Draft, routed: readonly Route[]): Route[] {
  const receivers = new Set(routed.map((route) => route.receiver))
  const paths = new Set([
    ...Object.keys(held),
    ...Object.entries(told)
      .filter(([name]) => !receivers.has(name))
      .map(([, t]) => t.route),
  ])
  const found: Route[] = []
  for (const path of paths) {
    const route = desk.directions.router.route(path)
    if (route && !routed.includes(route)) found.push(route)
    else if (!route && held[path]) drop(desk, { held }, path, 'receiver-removed')
  }
  for (const name of Object.keys(told)) if (!desk.directions.receivers.has(name)) delete told[name]
  return found
}

/** Judges one change for one route, and writes what follows. */
function consider(desk: Desk, draft: Draft, route: Route, routed: boolean, waited: Held | undefined): void {
  const { news, told, held } = draft
  const key = groupKey(route, news)
  const group = readGroup(desk, key, route)
  const verdict = judge(
    STAGES,
    { news, route, routed },
    {
      now: desk.now,
      told: told[route.receiver],
      group,
      arrivedAt: waited?.arrivedAt ?? desk.now,
      waitedUntil: waited?.until,
      behind: desk.behind,
    },
  )
  if (verdict.verdict === 'pass') {
    if (waited) erase(desk.tables, waited.decision)
    delete held[route.path]
    send(desk, draft, route, routed)
    leftGroup(desk, key, route, group)
    desk.count('sent', 'sent')
    return
  }
  if (verdict.verdict === 'hold') {
    const decision = waited?.decision ?? note(desk, draft, route, verdict)
    if (waited) amend(desk.tables, waited.decision, desk.now, { reason: verdict.reason })
    held[route.path] = {
      until: verdict.until,
      reason: verdict.reason,
      arrivedAt: waited?.arrivedAt ?? desk.now,
      decision,
    }
    joinedGroup(desk, key, route, group, verdict)
    return
  }
  if (waited) drop(desk, draft, route.path, verdict.reason)
  else note(desk, draft, route, verdict)
  if (verdict.reason === 'not-routed' || news.state === null) delete told[route.receiver]
}

function send(desk: Desk, draft: Draft, route: Route, routed: boolean): void {
  const { news, told } = draft
  const receiver = desk.directions.receivers.get(route.receiver)!
  const message = changeMessage(news, told[receiver.name], sinceOf(news))
  const planned = plan(desk.tables, { receiver, route, message, now: desk.now, number: draft.number })
  draft.number += planned.length
  desk.planned.push(...planned)
  for (const { row } of planned) follow(desk, draft, row.record)
  if (news.state === null || !routed) delete told[receiver.name]
  else
    told[receiver.name] = {
      state: news.state,
      since: sinceOf(news),
      event: news.event,
      at: desk.now,
      route: route.path,
    }
}

/** Writes a decision that is not to send; answers where it lies. */
function note(desk: Desk, draft: Draft, route: Route, verdict: Exclude<Verdict, { verdict: 'pass' }>): RecordRef {
  const { news } = draft
  const status = verdict.verdict === 'hold' ? 'held' : 'suppressed'
  desk.count(status, verdict.reason)
  const ref = record(desk.tables, {
    id: decisionId(news.event, route.path),
    object: news.object,
    event: news.event,
    time: news.time,
    state: news.state,
    previous: draft.told[route.receiver]?.state ?? null,
    receiver: route.receiver,
    route: route.path,
    endpoint: null,
    channel: null,
    status,
    reason: verdict.reason,
    decidedAt: desk.now,
    attempts: 0,
    nextAttemptAt: null,
    lastAttempt: null,
  })
  follow(desk, draft, ref)
  return ref
}

/** The object's row names the pages with its decisions. */
function follow(desk: Desk, draft: Draft, ref: RecordRef): void {
  draft.trail = longer(desk.tables, draft.news.object, draft.trail, pageOf(ref), desk.now)
}

/** A change that waited will not be told. */
function drop(desk: Desk, { held }: Pick<Draft, 'held'>, path: string, reason: Reason): void {
  amend(desk.tables, held[path]!.decision, desk.now, { status: 'suppressed', reason })
  delete held[path]
  desk.count('suppressed', reason)
}

function readGroup(desk: Desk, key: string, route: Route): GroupTimes | undefined {
  if (route.groupWait === 0 && route.groupInterval === 0) return undefined
  const bytes = desk.tables.table('groups').get(key)
  return bytes && groupRow.decode(bytes)
}

function joinedGroup(
  desk: Desk,
  key: string,
  route: Route,
  group: GroupTimes | undefined,
  { until, reason }: { until: number; reason: Reason },
): void {
  if (reason !== 'group-wait' && reason !== 'group-interval') return
  if (group?.flushAt !== undefined && group.flushAt >= until) return
  writeGroup(desk, key, route, {
    ...(group?.flushedAt === undefined ? {} : { flushedAt: group.flushedAt }),
    flushAt: until,
  })
}

function leftGroup(desk: Desk, key: string, route: Route, group: GroupTimes | undefined): void {
  if (route.groupInterval > 0) writeGroup(desk, key, route, { flushedAt: desk.now })
  else if (group) desk.tables.table('groups').delete(key)
}

/** Kept until neither the message in preparation nor the interval after it can matter. */
function writeGroup(desk: Desk, key: string, route: Route, times: GroupTimes): void {
  const forgetAt =
    Math.max(times.flushAt ?? 0, times.flushedAt ?? 0) + (route.groupInterval + route.groupWait + 1) * 1000
  desk.tables.table('groups').put(key, groupRow.encode({ ...times, forgetAt }))
  desk.tables.table('groups').arm(key, forgetAt)
}
