import { setTimeout as sleep } from 'node:timers/promises'
import { ProblemError, UnreachableError } from './problem-error'

export interface CallerOptions {
  /** `http://127.0.0.1:8080` by default. */
  readonly url?: string
  /** Sent as `Authorization: Bearer`. */
  readonly apiKey?: string
  /**
   * How often a request that was answered 503 or 429 is sent again; 4 by default. Nothing was written then, so every
   * request may be.
   */
  readonly retries?: number
  /** ms to wait at most between two attempts, whatever `Retry-After` says; 10,000 by default. */
  readonly maxRetryWaitMs?: number
  /**
   * Reads the JSON of an answer; `JSON.parse` by default, which rounds integers beyond ±(2^53−1) that evidence may
   * hold.
   */
  readonly parse?: (text: string) => unknown
  /** ms for one attempt, answer included; 30,000 by default. */
  readonly timeoutMs?: number
}

export interface Call {
  readonly method?: string
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly headers?: Readonly<Record<string, string | undefined>>
  /** JSON, or text that is sent as it is (with its `content-type` in `headers`). */
  readonly body?: unknown
  readonly signal?: AbortSignal | undefined
  /** Answers that are no error: 2xx always; 304, say. */
  readonly accept?: readonly number[]
  /** The answer has no end: no timeout for it. */
  readonly endless?: boolean
}

export const DEFAULT_URL = 'http://127.0.0.1:8080'

/** Sends requests to one server; turns refusals into errors, and tries again where the server asks to. */
export class Caller {
  readonly url: string
  private readonly retries: number
  private readonly maxRetryWaitMs: number
  private readonly timeoutMs: number
  private readonly parse: (text: string) => unknown

  constructor(private readonly options: CallerOptions = {}) {
    this.url = (options.url ?? DEFAULT_URL).replace(/\/+$/, '')
    this.retries = options.retries ?? 4
    this.maxRetryWaitMs = options.maxRetryWaitMs ?? 10_000
    this.timeoutMs = options.timeoutMs ?? 30_000
    this.parse = options.parse ?? JSON.parse
  }

  /** @throws ProblemError when the server refuses, UnreachableError when nothing answers */
  async send(call: Call): Promise<Response> {
    for (let attempt = 0; ; attempt++) {
      const response = await this.attempt(call)
      if (response.ok || call.accept?.includes(response.status)) return response
      const problem = await ProblemError.from(response)
      const mayTryAgain = (problem.status === 503 || problem.status === 429) && attempt < this.retries
      if (!mayTryAgain) throw problem
      await sleep(Math.min(problem.retryAfterMs ?? 1000, this.maxRetryWaitMs), undefined, { signal: call.signal })
    }
  }

  async json<T>(call: Call): Promise<{ readonly body: T; readonly headers: Headers }> {
    const response = await this.send(call)
    const text = await response.text()
    return { body: (text === '' ? undefined : this.parse(text)) as T, headers: response.headers }
  }

  private async attempt(call: Call): Promise<Response> {
    const { body, endless } = call
    const limits = [call.signal, endless ? undefined : AbortSignal.timeout(this.timeoutMs)].filter(
      (s) => s !== undefined,
    )
    try {
      return await fetch(this.addressOf(call), {
        method: call.method ?? 'GET',
        headers: this.headersOf(call),
        signal: limits.length > 0 ? AbortSignal.any(limits) : null,
        redirect: 'error',
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      })
    } catch (error) {
      if (call.signal?.aborted) throw error
      throw new UnreachableError(this.url, reasonOf(error), { cause: error })
    }
  }

  private addressOf({ path, query = {} }: Call): string {
    const given = Object.entries(query).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(value)] as [string, string]],
    )
    return `${this.url}${path}${given.length > 0 ? `?${new URLSearchParams(given).toString()}` : ''}`
  }

  private headersOf({ headers = {}, body }: Call): Record<string, string> {
    const all: Record<string, string> = { accept: 'application/json' }
    if (body !== undefined) all['content-type'] = 'application/json'
    if (this.options.apiKey !== undefined) all['authorization'] = `Bearer ${this.options.apiKey}`
    for (const [name, value] of Object.entries(headers)) if (value !== undefined) all[name.toLowerCase()] = value
    return all
  }
}

/**
 * `fetch failed` says nothing; its cause has a code. Not told by `instanceof`: the error may come from another realm.
 */
function reasonOf(error: unknown): string {
  const { name, message, cause } = error as { name?: string; message?: string; cause?: NodeJS.ErrnoException }
  if (name === 'TimeoutError') return 'no answer in time'
  return cause?.code ?? cause?.message ?? message ?? String(error)
}

/**
 * An id as one path segment, percent-encoded.
 * @throws RangeError for "", which names nothing, and for "." and "..": every `fetch` resolves them away, encoded or
 * not
 */
export function segment(id: string): string {
  if (id === '')
    throw new RangeError('An id or a name has at least one character; this one is empty. Nothing was sent.')
  if (id === '.' || id === '..')
    throw new RangeError(
      `"${id}" cannot be named in a URL by fetch. Nothing was sent; use the log, or another HTTP client.`,
    )
  return encodeURIComponent(id)
}
