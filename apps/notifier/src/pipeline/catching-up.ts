import { hold, PASS, type Stage } from './stage'

/** How long an old change waits for a later one, ms. */
export const CATCH_UP_MS = 5_000

/** After an outage only the net difference is told: what is too old waits until the backlog has been read. */
export const catchingUp: Stage = ({ news, route }, { now, waitedUntil, behind }) => {
  if (now - news.time <= route.maxAge * 1000) return PASS
  return waitedUntil === undefined || behind ? hold(now + CATCH_UP_MS, 'catching-up') : PASS
}
