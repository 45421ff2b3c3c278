import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common'
import { ProblemError } from '@quorate/client'
import { Problem, type ProblemCode, PROBLEMS } from '@quorate/http'
import { catchError, type Observable } from 'rxjs'

/** What Quorate refused to a controller of the application, the controller refuses to its own caller: 404 stays 404. */
export class ProblemInterceptor implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(
      catchError((error: unknown) => {
        throw error instanceof ProblemError && error.code in PROBLEMS ? passedOn(error) : error
      }),
    )
  }
}

function passedOn(error: ProblemError): Problem {
  const { code, detail, errors, retryAfterMs } = error
  const retryAfter = retryAfterMs === undefined ? {} : { retryAfter: Math.ceil(retryAfterMs / 1000) }
  return new Problem(code as ProblemCode, detail, { errors, cause: error, ...retryAfter })
}
