import { amend, erase } from '../decisions/ledger'
import type { Reason, Verdict } from '../pipeline'
import { dispatch } from './dispatch'
import { flushGroup, joinGroup } from './group-times'
import type { Judgement } from './judging'
import type { ObjectPlan, PlanContext, Target } from './plan-context'
import { endHeld, recordUnsent } from './unsent'

/**
 * Writes what follows from the verdict on one target: into the plan of the object, the decisions, the group and the
 * outbox.
 */
export function applyVerdict(context: PlanContext, plan: ObjectPlan, target: Target, judgement: Judgement): void {
  const { verdict } = judgement
  if (verdict.verdict === 'pass') send(context, plan, target, judgement)
  else if (verdict.verdict === 'hold') hold(context, plan, target, judgement, verdict)
  else suppress(context, plan, target, verdict.reason)
}

function send(
  context: PlanContext,
  plan: ObjectPlan,
  { route, routed, waited }: Target,
  { groupKey, group }: Judgement,
): void {
  // The delivery has a decision of its own.
  if (waited) erase(context.tables, waited.decision)
  delete plan.held[route.id]
  dispatch(context, plan, route, routed)
  flushGroup(context.tables, groupKey, route, group, context.now)
  context.count('sent', 'sent')
}

function hold(
  context: PlanContext,
  plan: ObjectPlan,
  { route, waited, arrivedAt }: Target,
  { groupKey, group }: Judgement,
  verdict: Extract<Verdict, { verdict: 'hold' }>,
): void {
  const { tables, now } = context
  const { until, reason, by } = verdict
  if (waited) amend(tables, waited.decision, now, { reason, by: by ?? null })
  plan.held[route.id] = {
    until,
    reason,
    arrivedAt: arrivedAt ?? waited?.arrivedAt ?? now,
    decision: waited?.decision ?? recordUnsent(context, plan, route, verdict),
    receiver: route.receiver,
    ...(by === undefined ? {} : { by }),
  }
  joinGroup(tables, groupKey, route, group, verdict)
}

function suppress(context: PlanContext, plan: ObjectPlan, { route, waited }: Target, reason: Reason): void {
  const { news, lastNotified } = plan
  if (waited) endHeld(context, plan, route.id, reason)
  else recordUnsent(context, plan, route, { verdict: 'suppress', reason })
  if (reason === 'flapping' && news.type === 'object.changed') countFlap(plan, route.receiver)
  // Nothing more is owed there.
  if (reason === 'not-routed' || news.state === null) delete lastNotified[route.receiver]
}

/** How often the object changed since the receiver was notified that it flaps: what settles it tells the number. */
function countFlap({ lastNotified }: ObjectPlan, receiver: string): void {
  const last = lastNotified[receiver]
  if (last?.flapping !== undefined) lastNotified[receiver] = { ...last, flapping: last.flapping + 1 }
}
