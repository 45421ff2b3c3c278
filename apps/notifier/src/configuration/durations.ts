const UNITS = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 } as const
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
  const found = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)?$/.exec(text.trim())
  if (!found) return NaN
  return Number(found[1]) * UNITS[(found[2] ?? 's') as keyof typeof UNITS]
}
