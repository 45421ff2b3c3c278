import { LAST_TIME } from '@quorate/contracts'

const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.\d+)?([Zz]|[+-]\d\d:\d\d)$/

/** A point in time of a request, RFC 3339 or integer ms, as ms; undefined for anything else (rest.md, "Times"). */
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
