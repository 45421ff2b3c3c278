import { parseDuration } from '../times'

/** s; a year. */
const LONGEST = 366 * 86_400

export const DURATION_SAID = 'a duration such as 10s, 5m, 1h, 2d or off, or a number of seconds, at most 366d'

/** s; undefined for what is no duration. */
export function secondsOf(duration: unknown): number | undefined {
  const seconds = typeof duration === 'number' ? duration : typeof duration === 'string' ? parsed(duration) : NaN
  return seconds >= 0 && seconds <= LONGEST ? seconds : undefined
}

function parsed(text: string): number {
  if (text === 'off') return 0
  const ms = parseDuration(/\d\s*$/.test(text) ? `${text.trim()}s` : text)
  return ms === undefined ? NaN : ms / 1000
}
