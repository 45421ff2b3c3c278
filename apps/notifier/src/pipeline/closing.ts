import type { State } from '@quorate/contracts'
import type { News, LastNotified } from './news'
import type { Route } from './route'
import { DEFAULT_TIMING } from './routing'

/** States that need nobody: those that the route calls quiet, where it tells everything the usual ones. */
export function isCalm(state: State, { quiet }: Pick<Route, 'quiet'>): boolean {
  return (quiet.length > 0 ? quiet : DEFAULT_TIMING.quiet).includes(state)
}

/** The receiver was told a state that is not calm, or that the object flaps: it is owed the end of it. */
export function isOpen(last: LastNotified | undefined, route: Pick<Route, 'quiet'>): boolean {
  if (!last) return false
  return last.open ?? (last.flapping !== undefined || !isCalm(last.state, route))
}

/**
 * What was opened with a receiver is closed by this: a recovery, or the end of the object. Nothing that mutes holds it
 * back.
 */
export function closes(news: News, last: LastNotified | undefined, route: Pick<Route, 'quiet'>): boolean {
  if (!isOpen(last, route)) return false
  return news.state === null || (isCalm(news.state, route) && !news.view?.flapping)
}
