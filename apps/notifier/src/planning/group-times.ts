import type { GroupTimes, Reason, Route } from '../pipeline'
import { groupRow } from '../rows/rows'
import type { Tables } from '../rows/tables'

export function readGroup(tables: Tables, key: string, route: Route): GroupTimes | undefined {
  if (route.groupWait === 0 && route.groupInterval === 0) return undefined
  const bytes = tables.table('groups').get(key)
  return bytes && groupRow.decode(bytes)
}

/** A change waits for the next message of the group. */
export function joinGroup(
  tables: Tables,
  key: string,
  route: Route,
  group: GroupTimes | undefined,
  { until, reason }: { until: number; reason: Reason },
): void {
  if (reason !== 'group-wait' && reason !== 'group-interval') return
  if (group?.flushAt !== undefined && group.flushAt >= until) return
  writeGroup(tables, key, route, {
    ...(group?.flushedAt === undefined ? {} : { flushedAt: group.flushedAt }),
    flushAt: until,
  })
}

/** A message of the group was sent. */
export function flushGroup(
  tables: Tables,
  key: string,
  route: Route,
  group: GroupTimes | undefined,
  now: number,
): void {
  if (route.groupInterval > 0) writeGroup(tables, key, route, { flushedAt: now })
  else if (group) tables.table('groups').delete(key)
}

/** Kept until neither the message in preparation nor the interval after it can matter. */
function writeGroup(tables: Tables, key: string, route: Route, times: GroupTimes): void {
  const forgetAt =
    Math.max(times.flushAt ?? 0, times.flushedAt ?? 0) + (route.groupInterval + route.groupWait + 1) * 1000
  tables.table('groups').put(key, groupRow.encode({ ...times, forgetAt }))
  tables.table('groups').arm(key, forgetAt)
}
