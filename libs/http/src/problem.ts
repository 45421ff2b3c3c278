import { type ProblemCode, PROBLEMS, problemType } from './problems'

export interface ProblemError {
  /** JSON pointer into the body (RFC 6901); `/query/limit` and the like for what is not in the body. */
  readonly pointer: string
  readonly detail: string
}

export interface ProblemOptions {
  readonly errors?: readonly ProblemError[]
  /** s; every 503 has one, 1 when not given. */
  readonly retryAfter?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly cause?: unknown
}

/**
 * What is thrown to answer with a problem. `detail` is shown to the caller: what happened, what was lost, what to do.
 */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly status: number
  readonly errors: readonly ProblemError[]
  readonly headers: Readonly<Record<string, string>>

  constructor(
    readonly code: ProblemCode,
    detail: string,
    options: ProblemOptions = {},
  ) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause })
    this.status = PROBLEMS[code].status
    this.errors = options.errors ?? []
    const wait = options.retryAfter ?? (this.status === 503 || this.status === 429 ? 1 : undefined)
    this.headers = wait === undefined ? (options.headers ?? {}) : { ...options.headers, 'retry-after': String(wait) }
  }

  /** The body of the answer (RFC 9457). */
  body(requestId: string): Record<string, unknown> {
    return {
      type: problemType(this.code),
      title: PROBLEMS[this.code].title,
      status: this.status,
      detail: this.message,
      code: this.code,
      errors: this.errors,
      requestId,
    }
  }
}

/** 422 with its places. */
export function invalid(errors: readonly ProblemError[], what = 'the request'): Problem {
  const said =
    errors.length === 1 ? `${errors[0]!.pointer || 'the body'}: ${errors[0]!.detail}` : `${errors.length} faults`
  return new Problem('invalid', `Nothing was written: ${what} breaks the contract (${said}).`, { errors })
}
