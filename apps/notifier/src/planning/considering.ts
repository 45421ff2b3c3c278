import {
  type GroupTimes,
  groupKey,
  type HoldingCause,
  isWide,
  judge,
  type Reason,
  type Route,
  STAGES,
  type Verdict,
} from '../pipeline'
import { decisionId } from '../outbox/delivery-id'
import type { Desk, Draft, Way } from './plan-context'
import { dispatch, follow } from './dispatch'
import { joinedGroup, leftGroup, readGroup } from './group-times'
import { amend, erase, record } from '../decisions/ledger'
import type { RecordRef } from '../decisions/record-ref'
import type { Held } from '../rows/rows'

/** One change on its way to one receiver. */
export interface Consideration extends Way {
  /** It has waited, and its time has come. */
  readonly waited?: Held
  /** When it came, ms; now where absent. */
  readonly arrivedAt?: number
}

export function judgeNow(
  desk: Desk,
  { news, told }: Draft,
  { route, routed, waited, arrivedAt = waited?.arrivedAt ?? desk.now }: Consideration,
  stages = STAGES,
): Verdict {
  const facts = {
    now: desk.now,
    told: told[route.receiver],
    group: timesOf(desk, groupKey(route, news), route, waited !== undefined),
    arrivedAt,
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
export function consider(desk: Desk, draft: Draft, one: Consideration): void {
  const { news, told, held } = draft
  const { route, routed, waited } = one
  const key = groupKey(route, news)
  const group = readGroup(desk.tables, key, route)
  const verdict = judgeNow(desk, draft, one)
  if (verdict.verdict === 'pass') {
    if (waited) erase(desk.tables, waited.decision)
    delete held[route.id]
    dispatch(desk, draft, route, routed)
    leftGroup(desk.tables, key, route, group, desk.now)
    desk.count('sent', 'sent')
    return
  }
  if (verdict.verdict === 'hold') {
    const { until, reason, by } = verdict
    const decision = waited?.decision ?? note(desk, draft, route, verdict)
    if (waited) amend(desk.tables, waited.decision, desk.now, { reason, by: by ?? null })
    const arrivedAt = one.arrivedAt ?? waited?.arrivedAt ?? desk.now
    held[route.id] = {
      until,
      reason,
      arrivedAt,
      decision,
      receiver: route.receiver,
      ...(by === undefined ? {} : { by }),
    }
    joinedGroup(desk.tables, key, route, group, verdict)
    return
  }
  if (waited) drop(desk, draft, route.id, verdict.reason)
  else note(desk, draft, route, verdict)
  const before = told[route.receiver]
  if (before?.flapping !== undefined && verdict.reason === 'flapping' && news.type === 'object.changed')
    told[route.receiver] = { ...before, flapping: before.flapping + 1 }
  if (verdict.reason === 'not-routed' || news.state === null) delete told[route.receiver]
}

/** What a decision says besides its verdict. */
interface Besides {
  readonly by?: HoldingCause
  /** It is about a repeat that was due, not about the change. */
  readonly repeat?: number
  /** null: the route is no more. */
  readonly path?: null
  /** It is about this endpoint alone. */
  readonly endpoint?: string
}

/** Writes a decision that is not to send; returns where it lies. */
export function note(
  desk: Desk,
  draft: Draft,
  route: Route,
  verdict: Exclude<Verdict, { verdict: 'pass' }>,
  { by, repeat, path, endpoint }: Besides = {},
): RecordRef {
  const { news } = draft
  const status = verdict.verdict === 'hold' ? 'held' : 'suppressed'
  const event = repeat === undefined ? news.event : `${news.event}/repeat-${repeat}`
  desk.count(status, verdict.reason)
  const ref = record(desk.tables, {
    id: decisionId(event, endpoint === undefined ? route.id : `${route.id} at ${endpoint}`),
    object: news.object,
    event,
    time: news.time,
    state: news.state,
    previous: draft.told[route.receiver]?.state ?? null,
    receiver: route.receiver,
    route: path === null ? null : route.path,
    endpoint: endpoint ?? null,
    channel: null,
    status,
    reason: verdict.reason,
    by: by ?? ((verdict.verdict === 'hold' && verdict.by) || null),
    decidedAt: desk.now,
    attempts: 0,
    nextAttemptAt: null,
    lastAttempt: null,
  })
  follow(desk, draft, ref)
  return ref
}

/** A change that waited will not be told. */
export function drop(desk: Desk, { held }: Pick<Draft, 'held'>, id: string, reason: Reason): void {
  amend(desk.tables, held[id]!.decision, desk.now, { status: 'suppressed', reason, by: null })
  delete held[id]
  desk.count('suppressed', reason)
}
