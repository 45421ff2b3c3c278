import {
  type Facts,
  groupKey,
  type GroupTimes,
  isWide,
  judge,
  MUTES,
  type Route,
  STAGES,
  type Verdict,
} from '../pipeline'
import { readGroup } from './group-times'
import type { ObjectPlan, PlanContext, Target } from './plan-context'

/** What the stages say of one target, and the group that it was judged with. */
export interface Judgement {
  readonly verdict: Verdict
  readonly groupKey: string
  /** As this partition has it. */
  readonly group: GroupTimes | undefined
}

/** Judges the newest change for one target. Reads only: `applyVerdict` writes what follows. */
export function judgeTarget(context: PlanContext, plan: ObjectPlan, target: Target): Judgement {
  const { route, routed, waited } = target
  const key = groupKey(route, plan.news)
  const group = readGroup(context.tables, key, route)
  const shared = waited === undefined ? sharedTimes(context, key, route, group) : group
  const verdict = judge(STAGES, { news: plan.news, route, routed }, factsOf(context, plan, target, shared))
  return { verdict, groupKey: key, group }
}

/** Whether something holds back that a state is sent again. Reads only. */
export function judgeRepeat(context: PlanContext, plan: ObjectPlan, route: Route): Verdict {
  const target = { route, routed: true }
  return judge(MUTES, { news: plan.news, ...target }, factsOf(context, plan, target, undefined))
}

function factsOf(
  { now, behind, directions }: PlanContext,
  { lastNotified }: ObjectPlan,
  { route, waited, arrivedAt }: Target,
  group: GroupTimes | undefined,
): Omit<Facts, 'heldUntil'> {
  return {
    now,
    lastNotified: lastNotified[route.receiver],
    group,
    arrivedAt: arrivedAt ?? waited?.arrivedAt ?? now,
    waitedUntil: waited?.until,
    behind,
    silences: directions.silences,
    inhibitions: directions.inhibitions,
  }
}

/** All partitions send the message of a group at one time: that of the partition that opened the group first. */
function sharedTimes(
  { now, groupElsewhere }: PlanContext,
  key: string,
  route: Route,
  own: GroupTimes | undefined,
): GroupTimes | undefined {
  if (!isWide(route) || route.groupWait === 0 || (own?.flushAt ?? 0) > now) return own
  const flushAt = groupElsewhere(key)
  return flushAt === undefined ? own : { ...own, flushAt }
}
