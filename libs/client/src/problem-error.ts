import type { Fault } from '@quorate/contracts'

/** A place in a request that is at fault. */
export type ProblemPlace = Fault

/**
 * The server refused, in its own words (`application/problem+json`, RFC 9457). `code` is stable; docs/errors.md lists
 * all. A 503 means that nothing was written; it has been tried again already, as often as the client was told to.
 */
export class ProblemError extends Error {
  override readonly name = 'ProblemError'

  constructor(
    readonly status: number,
    readonly code: string,
    readonly title: string,
    readonly detail: string,
    readonly errors: readonly ProblemPlace[] = [],
    readonly requestId?: string,
    /** ms that the server asks to wait. */
    readonly retryAfterMs?: number,
    /** With 412: what the object is now. */
    readonly etag?: string,
  ) {
    super(detail || title)
  }

  static is(error: unknown, ...codes: string[]): error is ProblemError {
    return error instanceof ProblemError && (codes.length === 0 || codes.includes(error.code))
  }

  static async from(response: Response): Promise<ProblemError> {
    const text = await response.text().catch(() => '')
    const body = parsed(text)
    return new ProblemError(
      response.status,
      textOf(body.code) ?? `http-${response.status}`,
      textOf(body.title) ?? response.statusText,
      textOf(body.detail) ?? text.slice(0, 500),
      Array.isArray(body.errors) ? (body.errors as ProblemPlace[]) : [],
      textOf(body.requestId),
      retryAfterMs(response.headers.get('retry-after')),
      response.headers.get('etag') ?? undefined,
    )
  }
}

/** Nothing answered at the address. What was sent may or may not have arrived. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError'
  constructor(
    readonly url: string,
    /** `ECONNREFUSED`, `ETIMEDOUT`, … */
    readonly reason: string,
    options: { cause?: unknown } = {},
  ) {
    super(`${url} did not answer (${reason})`, options)
  }
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : undefined)

function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    // A proxy's page, or nothing: the status alone must do.
    return {}
  }
}

/** `Retry-After` in seconds or as a date (RFC 9110 10.2.3) → ms from now. */
function retryAfterMs(header: string | null): number | undefined {
  if (header === null) return undefined
  const seconds = Number(header)
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - Date.now()
  return Number.isNaN(ms) ? undefined : Math.max(0, ms)
}
