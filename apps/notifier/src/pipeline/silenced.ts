import { closes } from './closing'
import { subjectOf } from './news'
import { hold, PASS, type Stage } from './stage'

/** A silence holds back until it ends; what closes is told all the same. */
export const silenced: Stage = ({ news, route }, { now, lastNotified: last, silences }) => {
  if (closes(news, last, route)) return PASS
  const over = silences.over(subjectOf(news), now)
  return over ? hold(over.silence.endsAt, 'silenced', over.cause) : PASS
}
