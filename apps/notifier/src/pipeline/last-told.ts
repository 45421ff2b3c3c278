import { flapPhase } from './flapping'
import { PASS, type Stage, suppress } from './stage'

/**
 * Against what this receiver was last told: only a difference is told, so a change back before anything was sent sends
 * nothing.
 */
export const lastTold: Stage = ({ news }, { lastNotified: last }) => {
  if (news.state === null) return last ? PASS : suppress('never-told')
  if (flapPhase(news, last)) return PASS
  return last?.state === news.state ? suppress('already-told') : PASS
}
