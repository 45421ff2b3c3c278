import { amend, record } from '../decisions/ledger'
import type { RecordRef } from '../decisions/record-ref'
import { decisionId } from '../outbox/delivery-keys'
import type { HoldingCause, Reason, Route, Verdict } from '../pipeline'
import { indexDecision } from './object-plan'
import type { ObjectPlan, PlanContext } from './plan-context'

/** What a decision says besides its verdict. */
interface Details {
  readonly by?: HoldingCause
  /** It is about a repeat that was due, not about the change. */
  readonly repeat?: number
  /** null: the route is gone. */
  readonly path?: null
  /** It is about this endpoint alone. */
  readonly endpoint?: string
}

/** Records a decision not to send, or not yet; returns its place. */
export function recordUnsent(
  context: PlanContext,
  plan: ObjectPlan,
  route: Route,
  verdict: Exclude<Verdict, { verdict: 'pass' }>,
  { by, repeat, path, endpoint }: Details = {},
): RecordRef {
  const { news } = plan
  const status = verdict.verdict === 'hold' ? 'held' : 'suppressed'
  const event = repeat === undefined ? news.event : `${news.event}/repeat-${repeat}`
  context.count(status, verdict.reason)
  const ref = record(context.tables, {
    id: decisionId(event, endpoint === undefined ? route.id : `${route.id} at ${endpoint}`),
    object: news.object,
    event,
    time: news.time,
    state: news.state,
    previous: plan.lastNotified[route.receiver]?.state ?? null,
    receiver: route.receiver,
    route: path === null ? null : route.path,
    endpoint: endpoint ?? null,
    channel: null,
    status,
    reason: verdict.reason,
    by: by ?? ((verdict.verdict === 'hold' && verdict.by) || null),
    decidedAt: context.now,
    attempts: 0,
    nextAttemptAt: null,
    lastAttempt: null,
  })
  indexDecision(context, plan, ref)
  return ref
}

/** A change that waited on a route will not be sent there. */
export function endHeld(context: PlanContext, { held }: ObjectPlan, id: string, reason: Reason): void {
  amend(context.tables, held[id]!.decision, context.now, { status: 'suppressed', reason, by: null })
  delete held[id]
  context.count('suppressed', reason)
}
