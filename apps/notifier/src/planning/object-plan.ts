import type { TaskContext } from '@quorate/streams'
import { DEFAULT_TIMING, isCalm, type News } from '../pipeline'
import { append } from '../decisions/decision-index'
import { pageOf, type RecordRef } from '../decisions/record-ref'
import type { ObjectPlan, PlanContext } from './plan-context'
import { dueOfObject } from '../rows/due'
import { byName, type ObjectRow, objectRow } from '../rows/rows'
import { withhold } from './withheld'

export function planOf(row: ObjectRow | undefined, news: News): ObjectPlan {
  return {
    news,
    lastNotified: byName(row?.told),
    held: byName(row?.held),
    closed: byName(row?.closed),
    nextNumber: row?.planned ?? 0,
    decisionPages: row?.trail ?? [],
  }
}

export const rowOf = (
  mark: Pick<ObjectRow, 'incarnation' | 'revision' | 'goneAt' | 'current'>,
  plan: ObjectPlan,
): ObjectRow => ({
  ...mark,
  told: plan.lastNotified,
  held: plan.held,
  ...(mayBeSent(plan) ? { news: plan.news } : {}),
  ...(Object.keys(plan.closed).length > 0 ? { closed: plan.closed } : {}),
  planned: plan.nextNumber,
  trail: plan.decisionPages,
})

/**
 * Whether the newest change may still be sent: it waits, it is repeated, or another configuration may send it to
 * another receiver.
 */
function mayBeSent({ news, lastNotified, held }: ObjectPlan): boolean {
  if (Object.keys(held).length > 0 || Object.values(lastNotified).some(({ repeatAt }) => repeatAt !== undefined))
    return true
  return (
    news.state !== null && (!isCalm(news.state, DEFAULT_TIMING) || Object.values(lastNotified).some(({ open }) => open))
  )
}

export function putObject(context: TaskContext, { object }: News, before: ObjectRow | undefined, row: ObjectRow): void {
  const table = context.table('objects')
  table.put(object, objectRow.encode(row))
  withhold(context, object, before, row)
  const due = dueOfObject(row)
  // Most objects wait for nothing: their schedule is left alone.
  if (due !== null || (before && dueOfObject(before) !== null)) table.arm(object, due)
}

/** The object's row names the pages with its decisions. */
export function indexDecision({ tables, now }: PlanContext, plan: ObjectPlan, ref: RecordRef): void {
  plan.decisionPages = append(tables, plan.news.object, plan.decisionPages, pageOf(ref), now)
}
