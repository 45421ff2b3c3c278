import { Controller, Get, Inject, Query } from '@nestjs/common'
import { ApiOkResponse, ApiOperation, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger'
import { oneOf } from '@quorate/contracts'
import { Type } from '@sinclair/typebox'
import { Public } from './access'
import { type Answer, json } from './answer'
import { refTo } from './components'

/** One thing that health depends on. `live` false = restart me; `ready` false = send me no requests yet. */
export interface HealthCheck {
  readonly name: string
  live(): boolean
  ready(): boolean
  /** Shown with `?verbose`. */
  details?(): object
}

export const HEALTH_CHECKS = Symbol('health checks')

export const HEALTH_SCHEMA = Type.Object(
  {
    status: oneOf(['ok', 'failing']),
    checks: Type.Optional(
      Type.Array(
        Type.Object(
          { name: Type.String(), ok: Type.Boolean() },
          { $id: 'HealthCheck', additionalProperties: true, description: 'With details that depend on the check.' },
        ),
        { description: 'Those that fail; with `verbose` all.' },
      ),
    ),
  },
  { $id: 'Health', additionalProperties: false },
)
const SCHEMA = refTo(HEALTH_SCHEMA)

/** Beside each other in one query, as Kubernetes's own health has them. */
interface HealthQuery {
  readonly verbose?: string
  readonly exclude?: string | string[]
}
const VERBOSE = {
  name: 'verbose',
  required: false,
  schema: { type: 'string' as const },
  description: 'Show each check.',
}
const EXCLUDE = {
  name: 'exclude',
  required: false,
  schema: { type: 'string' as const },
  description:
    'Leave out the check of this name; `log` for probes that restart: an instance whose brokers are away must not be. May be repeated.',
}

/** `/livez` and `/readyz`: all checks hold, or 503 with those that do not. */
@ApiTags('health')
@Public()
@Controller()
export class HealthController {
  constructor(@Inject(HEALTH_CHECKS) private readonly checks: readonly HealthCheck[]) {}

  @Get('livez')
  @ApiOperation({ operationId: 'live', summary: 'Is progress being made?' })
  @ApiQuery(VERBOSE)
  @ApiQuery(EXCLUDE)
  @ApiOkResponse({ description: 'Yes.', schema: SCHEMA })
  @ApiResponse({ status: 503, description: 'No: restart this instance.', schema: SCHEMA })
  live(@Query() query: HealthQuery): Answer {
    return this.#answer(query, (check) => check.live())
  }

  @Get('readyz')
  @ApiOperation({ operationId: 'ready', summary: 'Are all assigned partitions restored?' })
  @ApiQuery(VERBOSE)
  @ApiQuery(EXCLUDE)
  @ApiOkResponse({ description: 'Yes.', schema: SCHEMA })
  @ApiResponse({ status: 503, description: 'Not yet.', schema: SCHEMA })
  ready(@Query() query: HealthQuery): Answer {
    return this.#answer(query, (check) => check.ready())
  }

  #answer({ verbose, exclude }: HealthQuery, holds: (check: HealthCheck) => boolean): Answer {
    const excluded = new Set([exclude ?? []].flat())
    const asked = this.checks.filter(({ name }) => !excluded.has(name))
    const all = asked.map((check) => ({ check, ok: holds(check) }))
    const failing = all.filter(({ ok }) => !ok)
    const shown = verbose === undefined ? failing : all
    const status = failing.length === 0 ? 'ok' : 'failing'
    const checks = shown.map(({ check, ok }) => ({ name: check.name, ok, ...check.details?.() }))
    const body = JSON.stringify(shown.length === 0 ? { status } : { status, checks })
    const headers = { 'cache-control': 'no-store' }
    return status === 'ok' ? json(200, body, headers) : json(503, body, { ...headers, 'retry-after': '1' })
  }
}
