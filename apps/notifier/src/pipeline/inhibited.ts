import { closes, isCalm } from './closing'
import { hold, PASS, type Stage } from './stage'

/** The end of an inhibition is told by the settings; looked at again after this all the same, ms. */
export const INHIBITED_MS = 3_600_000

/**
 * While the parent is bad, what is bad below it waits: the parent's message names it. What closes is told all the same.
 */
export const inhibited: Stage = ({ news, route }, { now, lastNotified: last, inhibitions }) => {
  if (news.state === null || isCalm(news.state, route) || closes(news, last, route)) return PASS
  const over = inhibitions.over(news)
  return over ? hold(now + INHIBITED_MS, 'inhibited', over.cause) : PASS
}
