import type { Route } from './route'
import { type GroupTimes, hold, PASS, type Stage } from './stage'

/**
 * The first change of a group waits `groupWait` for others; after a message the next waits until `groupInterval` has
 * passed.
 */
export const grouping: Stage = ({ route }, { now, group, waitedUntil, heldUntil }) => {
  if (group?.flushAt !== undefined && group.flushAt > now) return hold(group.flushAt, 'group-wait')
  const next = nextInterval(group, route)
  if (waitedUntil !== undefined && heldUntil === undefined) {
    // A message that went at or after the time this change was due is its own message, in an earlier slice.
    const own = group?.flushedAt !== undefined && group.flushedAt >= waitedUntil
    return own || next === undefined || next <= now ? PASS : hold(next, 'group-interval')
  }
  if (next !== undefined && next > now) return hold(next, 'group-interval')
  return route.groupWait > 0 ? hold(now + route.groupWait * 1000, 'group-wait') : PASS
}

const nextInterval = (group: GroupTimes | undefined, route: Route): number | undefined =>
  group?.flushedAt === undefined ? undefined : group.flushedAt + route.groupInterval * 1000
