import { ApiPropertyOptional } from '@nestjs/swagger'
import { isObjectId } from '@quorate/contracts'
import { invalid, type ProblemError } from '@quorate/http'
import { IsOptional, IsString } from 'class-validator'
import { isStatus, STATUSES } from '../queries/delivery-filter'

const MAX_LIMIT = 10_000
const DEFAULT_LIMIT = 100

/** Query of `GET /v1/deliveries`. */
export class DeliveriesQuery {
  @ApiPropertyOptional({ description: 'Decisions about this object only.' })
  @IsOptional()
  @IsString()
  object?: string

  @ApiPropertyOptional({ description: 'Decisions about this receiver only.' })
  @IsOptional()
  @IsString()
  receiver?: string

  @ApiPropertyOptional({
    description: `${STATUSES.map((status) => `\`${status}\``).join(', ')}, or a decision with its reason such as \`suppressed: quiet\`.`,
  })
  @IsOptional()
  @IsString()
  status?: string

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: MAX_LIMIT,
    default: DEFAULT_LIMIT,
    description: 'Decisions a page.',
  })
  @IsOptional()
  @IsString()
  limit?: string

  @ApiPropertyOptional({ description: '`next` of the page before.' })
  @IsOptional()
  @IsString()
  cursor?: string
}

/** @throws Problem 422 */
export function limitOf(query: DeliveriesQuery): number {
  const faults: ProblemError[] = []
  const limit = query.limit === undefined ? DEFAULT_LIMIT : /^\d{1,5}$/.test(query.limit) ? Number(query.limit) : NaN
  if (!(limit >= 1 && limit <= MAX_LIMIT))
    faults.push({ pointer: '/query/limit', detail: `must be an integer from 1 to ${MAX_LIMIT}` })
  if (query.status !== undefined && !isStatus(query.status))
    faults.push({
      pointer: '/query/status',
      detail: `must be one of ${STATUSES.join(', ')}, or such as "suppressed: quiet"`,
    })
  if (query.object !== undefined && !isObjectId(query.object))
    faults.push({ pointer: '/query/object', detail: 'must be an object id' })
  if (faults.length > 0) throw invalid(faults)
  return limit
}
