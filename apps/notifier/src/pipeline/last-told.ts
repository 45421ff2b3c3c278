import { flapPhase } from './flapping'
import { PASS, type Stage, suppress } from './stage'

/** Against what this receiver was last told: only a difference is told, so a change back before anything was sent sends nothing. */
export const lastTold: Stage = ({ news }, { told }) => {
  if (news.state === null) return told ? PASS : suppress('never-told')
  if (flapPhase(news, told)) return PASS
  return told?.state === news.state ? suppress('already-told') : PASS
}
