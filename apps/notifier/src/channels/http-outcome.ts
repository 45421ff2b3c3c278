import type { Outcome } from './channel'

/** Longest excerpt of an answer that is kept, characters. */
export const EXCERPT = 300

export interface HttpAnswer {
  readonly status: number
  readonly retryAfter: string | undefined
  readonly excerpt: string
}

const THROTTLES: ReadonlySet<number> = new Set([429, 502, 503, 504])

/**
 * What an HTTP answer means (Standard Webhooks 1.0, "Operational considerations"): only 2xx is success, redirects are
 * not followed, 410 disables the endpoint, 400 will never be taken, 429, 502, 503 and 504 ask to be left alone; all
 * else is tried again.
 */
export function httpOutcome({ status, retryAfter, excerpt }: HttpAnswer, now: number): Outcome {
  const answered = { status, ...(excerpt === '' ? {} : { excerpt }) }
  const reason = `http-${status}`
  if (status >= 200 && status < 300) return { kind: 'delivered', ...answered }
  if (status === 410) return { kind: 'gone', reason, ...answered }
  if (status === 400) return { kind: 'dead', reason, ...answered }
  const notBefore = retryAfterOf(retryAfter, now)
  return {
    kind: 'retry',
    reason,
    ...answered,
    ...(notBefore === undefined ? {} : { notBefore }),
    ...(THROTTLES.has(status) ? { throttle: true } : {}),
  }
}

/** The longest that an endpoint may put us off with Retry-After, ms. */
const LONGEST_WAIT = 86_400_000

/** `Retry-After` as a point in time, ms: seconds or an HTTP date (RFC 9110, 10.2.3); undefined where it is neither. */
export function retryAfterOf(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined
  const text = value.trim()
  const at = /^\d{1,12}$/.test(text) ? now + Number(text) * 1000 : /^[A-Z][a-z]{2},/.test(text) ? Date.parse(text) : NaN
  return Number.isNaN(at) ? undefined : Math.min(Math.max(at, now), now + LONGEST_WAIT)
}

/** The beginning of an answer, printable: control characters would break log lines and terminals. */
export const printable = (text: string): string =>
  text
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, EXCERPT)
