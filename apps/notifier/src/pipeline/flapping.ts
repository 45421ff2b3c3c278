import type { News, Told } from './news'
import { PASS, type Stage, suppress } from './stage'

/** What a change means to a receiver as to flapping: told once when it begins, and once when it has settled. */
export function flapPhase(news: News, told: Told | undefined): 'began' | 'settled' | undefined {
  if (news.view === null) return undefined
  if (news.view.flapping) return told?.flapping === undefined ? 'began' : undefined
  return told?.flapping === undefined ? undefined : 'settled'
}

/** Between beginning and end of flapping changes are recorded, not sent. */
export const flapping: Stage = ({ news }, { told }) =>
  news.view?.flapping && told?.flapping !== undefined ? suppress('flapping') : PASS
