/** By zone and style. To make one costs as much as a hundred lines. */
const clocks = new Map<string, Intl.DateTimeFormat>()

function clock(zone: string | undefined, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = JSON.stringify([zone, options])
  let found = clocks.get(key)
  if (!found) {
    found = new Intl.DateTimeFormat('en-GB', {
      ...options,
      hour12: false,
      ...(zone === undefined ? {} : { timeZone: zone }),
    })
    clocks.set(key, found)
  }
  return found
}

/** `22:13:20`; in the machine's own zone where none is given. */
export const clockTime = (ms: number, zone: string | undefined): string =>
  clock(zone, { timeStyle: 'medium' }).format(ms)

/** ms; a time of day that is farther away may be meant of another day. */
const HALF_A_DAY = 43_200_000

/** `22:13:20` as seen from `from`; with its date where that is more than half a day away. */
export function clockTimeFrom(from: number, ms: number, zone: string | undefined): string {
  return Math.abs(ms - from) <= HALF_A_DAY ? clockTime(ms, zone) : dateTime(ms, zone).replace(/ \S+$/, '')
}

/** `2023-11-14 22:13:20 UTC`: sorts, and is understood everywhere. */
export function dateTime(ms: number, zone: string | undefined): string {
  const parts = clock(zone, {
    year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', timeZoneName: 'short',
  }).formatToParts(ms) // prettier-ignore
  const of = (type: string): string => parts.find((part) => part.type === type)?.value ?? ''
  return `${of('year')}-${of('month')}-${of('day')} ${of('hour')}:${of('minute')}:${of('second')} ${of('timeZoneName')}`
}
