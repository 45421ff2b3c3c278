import { flapPhase } from './flapping'
import { PASS, type Stage, suppress } from './stage'

/**
 * Quiet states are no news to a receiver that has nothing open: not as an object's first state, and not when an object
 * goes that was last told quiet. After anything else they are a recovery, which is told no less than an alarm.
 */
export const quiet: Stage = ({ news, route }, { lastNotified: last }) => {
  if (flapPhase(news, last) || last?.flapping !== undefined) return PASS
  if (news.state === null) return last && route.quiet.includes(last.state) ? suppress('quiet') : PASS
  return !last && route.quiet.includes(news.state) ? suppress('quiet') : PASS
}
