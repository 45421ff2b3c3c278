import type { News, LastNotified } from './news'
import { PASS, type Stage, suppress } from './stage'

/** What a change means to a receiver as to flapping: told once when it begins, and once when it has settled. */
export function flapPhase(news: News, last: LastNotified | undefined): 'began' | 'settled' | undefined {
  if (news.view === null) return undefined
  if (news.view.flapping) return last?.flapping === undefined ? 'began' : undefined
  return last?.flapping === undefined ? undefined : 'settled'
}

/** Between beginning and end of flapping changes are recorded, not sent. */
export const flapping: Stage = ({ news }, { lastNotified: last }) =>
  news.view?.flapping && last?.flapping !== undefined ? suppress('flapping') : PASS
