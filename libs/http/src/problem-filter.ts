import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common'
import { LogError, type Logger } from '@quorate/log'
import { StoreError } from '@quorate/state-store'
import { StreamsError } from '@quorate/streams'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Problem } from './problem'
import type { ProblemCode } from './problems'

/** Every error of a request, whoever threw it, becomes one `application/problem+json`. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp()
    sendProblem(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>(), this.logger)
  }
}

export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply, logger: Logger): void {
  const problem = orWrongMethod(problemOf(error), request)
  if (problem.status === 500)
    logger.error({ err: error, requestId: request.id, url: request.url }, 'a request failed by a fault of ours')
  if (reply.raw.headersSent) {
    reply.raw.destroy()
    return
  }
  // What a handler set for its own answer describes that answer, not this one.
  for (const name of ['content-length', 'etag']) if (!(name in problem.headers)) reply.removeHeader(name)
  void reply
    .code(problem.status)
    .headers(problem.headers)
    .header('x-request-id', request.id)
    .type('application/problem+json')
    .send(JSON.stringify(problem.body(request.id)))
}

/** What is said of a request by a method that the path does not take, before that is noticed. */
const BEFORE_METHOD: readonly ProblemCode[] = ['no-route', 'malformed', 'unsupported-media-type']

/** A path that is there, but not for this method, is no missing resource. */
function orWrongMethod(problem: Problem, { server, url, method }: FastifyRequest): Problem {
  if (!BEFORE_METHOD.includes(problem.code)) return problem
  const methods = server.methodsOf(url)
  if (methods.length === 0 || methods.includes(method)) return problem
  const allow = methods.join(', ')
  return new Problem('method-not-allowed', `Nothing was done: this takes ${allow}, not ${method}.`, {
    headers: { allow },
  })
}

/** What the caller is told of an error. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (error instanceof LogError) return ofLog(error)
  if (error instanceof StreamsError) return ofStreams(error)
  // The partition's store was closed under a read: it has moved.
  if (error instanceof StoreError && error.code === 'STORE_CLOSED')
    return new Problem('rebalancing', 'The partition is changing hands. Try again.', { cause: error })
  const status =
    error instanceof HttpException ? error.getStatus() : (error as { statusCode?: number } | null)?.statusCode
  const code = status === undefined ? undefined : BY_STATUS[status]
  if (code === undefined)
    return new Problem(
      'internal',
      'The request failed by a fault of ours; the log of this instance has it under the request id.',
    )
  if (code === 'no-route')
    return new Problem(
      code,
      'Not found. /openapi.json lists all resources. An object id goes percent-encoded into one segment: site%2Fx for site/x.',
    )
  return new Problem(code, error instanceof Error ? error.message : 'The request was refused.', { cause: error })
}

/** What Nest and Fastify refuse by themselves. */
const BY_STATUS: Readonly<Record<number, ProblemCode>> = {
  400: 'malformed',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'no-route',
  405: 'method-not-allowed',
  408: 'malformed',
  413: 'too-large',
  414: 'uri-too-long',
  415: 'unsupported-media-type',
  422: 'invalid',
  429: 'too-many-requests',
  503: 'shutting-down',
}

function ofLog(error: LogError): Problem {
  switch (error.code) {
    case 'LOG_OUTCOME_UNKNOWN':
      return new Problem(
        'outcome-unknown',
        'The connection to the log broke before the outcome was known: perhaps it was written, perhaps not. Read before you repeat.',
        { cause: error },
      )
    case 'LOG_RECORD_TOO_LARGE':
      return new Problem('too-large', 'Nothing was written: the record is larger than the topic takes.', {
        cause: error,
      })
    case 'LOG_CLOSED':
      return new Problem(
        'shutting-down',
        'Nothing was written: this instance is shutting down. Ask another, or again.',
        { cause: error },
      )
    case 'LOG_UNAVAILABLE':
      return new Problem('log-unavailable', 'The log is out of reach; nothing was written. Try again.', {
        cause: error,
        retryAfter: 5,
      })
    default:
      return new Problem(
        'internal',
        'The log refused the request; the log file of this instance has it under the request id.',
        { cause: error },
      )
  }
}

function ofStreams(error: StreamsError): Problem {
  switch (error.code) {
    case 'STREAMS_TIMEOUT':
      return new Problem(
        'position-timeout',
        'The position was not reached in time. Nothing is lost: ask again, or wait longer (?wait=).',
        { cause: error },
      )
    case 'STREAMS_NOT_RUNNING':
      return new Problem('restoring', 'The partition is not running here yet. Try again.', { cause: error })
    case 'STREAMS_NOT_OWNER':
    case 'STREAMS_TASK_CLOSED':
      return new Problem('rebalancing', 'The partition is changing hands. Try again.', { cause: error })
    default:
      return new Problem(
        'internal',
        'The request failed by a fault of ours; the log of this instance has it under the request id.',
        { cause: error },
      )
  }
}
