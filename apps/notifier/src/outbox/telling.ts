import {
  type GroupTimes,
  groupKey,
  isWide,
  judge,
  MUTES,
  type News,
  type Reason,
  type Route,
  STAGES,
  type Verdict,
} from '../pipeline'
import { decisionId } from './delivery-id'
import type { Desk, Draft } from './desk'
import { dispatch, dispatchAgain, follow } from './dispatch'
import { joinedGroup, leftGroup, readGroup } from './group-times'
import { amend, erase, record } from './ledger'
import type { RecordRef } from './record-ref'
import type { Held } from './rows'

/** A change came: asks for every receiver that it may concern, on every route that takes it or holds or told an earlier one. */
export function tell(desk: Desk, draft: Draft, previous: News | undefined): void {
  const routed = desk.directions.router.match(draft.news)
  const news = draft.news
  const unchanged =
    previous !== undefined &&
    news.type === 'object.updated' &&
    news.state === previous.state &&
    news.view?.flapping === previous.view?.flapping
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

/** What lasts is told again where its route says so, unless something holds it back or a change of it waits already. */
export function tellAgain(desk: Desk, draft: Draft): void {
  for (const [name, told] of Object.entries(draft.told)) {
    if (told.repeatAt === undefined || told.repeatAt > desk.now) continue
    const { repeatAt: _, ...rest } = told
    const route = desk.directions.router.route(told.route)
    if (route?.receiver !== name || route.repeatInterval === 0) {
      draft.told[name] = rest
      continue
    }
    const verdict = judgeNow(desk, draft, route, true, undefined, MUTES)
    const waits = draft.held[route.path] !== undefined || draft.news.state !== told.state
    if (!waits && verdict.verdict === 'pass') {
      dispatchAgain(desk, draft, route, told)
      desk.count('sent', 'sent')
    } else {
      const later = verdict.verdict === 'hold' ? verdict.until : desk.now + route.repeatInterval * 1000
      draft.told[name] = { ...told, repeatAt: later }
    }
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

function judgeNow(
  desk: Desk,
  { news, told }: Draft,
  route: Route,
  routed: boolean,
  waited: Held | undefined,
  stages = STAGES,
): Verdict {
  const facts = {
    now: desk.now,
    told: told[route.receiver],
    group: timesOf(desk, groupKey(route, news), route, waited !== undefined),
    arrivedAt: waited?.arrivedAt ?? desk.now,
    waitedUntil: waited?.until,
    behind: desk.behind,
    silences: desk.directions.silences,
    inhibitions: desk.directions.inhibitions,
  }
  return judge(stages, { news, route, routed }, facts)
}

/** Of a group that is in several partitions, all tell at one time: that of the one that opened it first. */
function timesOf(desk: Desk, key: string, route: Route, waited: boolean): GroupTimes | undefined {
  const own = readGroup(desk.tables, key, route)
  if (waited || !isWide(route) || route.groupWait === 0 || (own?.flushAt ?? 0) > desk.now) return own
  const flushAt = desk.groupElsewhere(key)
  return flushAt === undefined ? own : { ...own, flushAt }
}

/** Judges one change for one route, and writes what follows. */
function consider(desk: Desk, draft: Draft, route: Route, routed: boolean, waited: Held | undefined): void {
  const { news, told, held } = draft
  const key = groupKey(route, news)
  const group = readGroup(desk.tables, key, route)
  const verdict = judgeNow(desk, draft, route, routed, waited)
  if (verdict.verdict === 'pass') {
    if (waited) erase(desk.tables, waited.decision)
    delete held[route.path]
    dispatch(desk, draft, route, routed)
    leftGroup(desk.tables, key, route, group, desk.now)
    desk.count('sent', 'sent')
    return
  }
  if (verdict.verdict === 'hold') {
    const { until, reason, by } = verdict
    const decision = waited?.decision ?? note(desk, draft, route, verdict)
    if (waited) amend(desk.tables, waited.decision, desk.now, { reason, by: by ?? null })
    const arrivedAt = waited?.arrivedAt ?? desk.now
    held[route.path] = { until, reason, arrivedAt, decision, ...(by === undefined ? {} : { by }) }
    joinedGroup(desk.tables, key, route, group, verdict)
    return
  }
  if (waited) drop(desk, draft, route.path, verdict.reason)
  else note(desk, draft, route, verdict)
  const before = told[route.receiver]
  if (before?.flapping !== undefined && verdict.reason === 'flapping' && news.type === 'object.changed')
    told[route.receiver] = { ...before, flapping: before.flapping + 1 }
  if (verdict.reason === 'not-routed' || news.state === null) delete told[route.receiver]
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
    by: (verdict.verdict === 'hold' && verdict.by) || null,
    decidedAt: desk.now,
    attempts: 0,
    nextAttemptAt: null,
    lastAttempt: null,
  })
  follow(desk, draft, ref)
  return ref
}

/** A change that waited will not be told. */
function drop(desk: Desk, { held }: Pick<Draft, 'held'>, path: string, reason: Reason): void {
  amend(desk.tables, held[path]!.decision, desk.now, { status: 'suppressed', reason, by: null })
  delete held[path]
  desk.count('suppressed', reason)
}
