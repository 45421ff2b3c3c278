import { UNKNOWN } from '@quorate/contracts'
import { flapPhase } from './flapping'
import { hold, PASS, type Stage } from './stage'

/**
 * An `unknown` is told only when it lasts. It counts from the decision, or from its arrival here where our clock is
 * behind the log's.
 */
export const lastingUnknown: Stage = ({ news, route }, { now, arrivedAt, lastNotified: last }) => {
  if (news.state !== UNKNOWN || flapPhase(news, last) || route.unknownAfter === 0) return PASS
  const until = Math.min(arrivedAt, news.view?.decidedAt ?? news.time) + route.unknownAfter * 1000
  return until > now ? hold(until, 'lasting') : PASS
}
