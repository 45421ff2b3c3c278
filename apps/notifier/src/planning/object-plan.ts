import type { TaskContext } from '@quorate/streams'
import { DEFAULT_TIMING, isCalm, type News } from '../pipeline'
import type { Draft } from './plan-context'
import { dueOfObject } from '../rows/due'
import { byName, type ObjectRow, objectRow } from '../rows/rows'
import { withhold } from './withheld'

export function draftOf(row: ObjectRow | undefined, news: News): Draft {
  return {
    news,
    told: byName(row?.told),
    held: byName(row?.held),
    closed: byName(row?.closed),
    number: row?.planned ?? 0,
    trail: row?.trail ?? [],
  }
}

export const rowOf = (
  mark: Pick<ObjectRow, 'incarnation' | 'revision' | 'goneAt' | 'current'>,
  draft: Draft,
): ObjectRow => ({
  ...mark,
  told: draft.told,
  held: draft.held,
  ...(mayBeTold(draft) ? { news: draft.news } : {}),
  ...(Object.keys(draft.closed).length > 0 ? { closed: draft.closed } : {}),
  planned: draft.number,
  trail: draft.trail,
})

/** Whether the newest change may still be told: it waits, it is told again, or another configuration may tell it to somebody else. */
function mayBeTold({ news, told, held }: Draft): boolean {
  if (Object.keys(held).length > 0 || Object.values(told).some(({ repeatAt }) => repeatAt !== undefined)) return true
  return news.state !== null && (!isCalm(news.state, DEFAULT_TIMING) || Object.values(told).some(({ open }) => open))
}

export function put(context: TaskContext, { object }: News, before: ObjectRow | undefined, row: ObjectRow): void {
  const table = context.table('objects')
  table.put(object, objectRow.encode(row))
  withhold(context, object, before, row)
  const due = dueOfObject(row)
  // Most objects wait for nothing: their schedule is left alone.
  if (due !== null || (before && dueOfObject(before) !== null)) table.arm(object, due)
}
