// A door of its own (`@quorate/contracts/times`): the command line reads times and durations without loading the
// schemas.

/** The furthest point in time that RFC 3339 and JavaScript's dates can both write (the end of the year 9999), in ms. */
export const LAST_TIME = 253_402_300_799_999

const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt]([01]\d|2[0-3]):(\d\d):(\d\d)(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/

/**
 * A point in time that somebody wrote, as ms since 1970: RFC 3339 with its offset (`2026-12-31T23:59:00Z`), or integer
 * ms; undefined for anything else. A time without an offset is refused: whose wall clock it is by, nobody can know.
 */
export function parseTime(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) && Math.abs(value) <= LAST_TIME ? value : undefined
  if (typeof value !== 'string') return undefined
  const parts = RFC_3339.exec(value)
  if (!parts) return undefined
  const ms = Date.parse(value)
  // Date.parse rolls 30 February over into March.
  const days = new Date(Date.UTC(Number(parts[1]), Number(parts[2]), 0)).getUTCDate()
  return Number.isNaN(ms) || Number(parts[3]) > days ? undefined : ms
}

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/**
 * A length of time that somebody wrote, as whole ms: `250ms`, `90s`, `1.5h`, `2d`; undefined for anything else, a bare
 * number too.
 */
export function parseDuration(text: string): number | undefined {
  const found = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/.exec(text.trim())
  const ms = found ? Math.round(Number(found[1]) * UNITS[found[2] as keyof typeof UNITS]) : NaN
  return ms <= LAST_TIME ? ms : undefined
}
