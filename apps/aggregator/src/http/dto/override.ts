import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger'
import type { OverrideMode, State } from '@quorate/contracts'
import { IsIn, IsOptional } from 'class-validator'
import { IsPointInTime, IsReason, IsState } from './rules'
import { TIME_SCHEMA } from './schemas'

/** Body of an override (vote.md 6). The author is the caller, never a field. */
export class OverrideBody {
  @ApiProperty({ type: 'string', pattern: '^[a-z0-9][a-z0-9._-]{0,63}$', example: 'down' })
  @IsState()
  state!: State

  @ApiProperty({ type: 'string', minLength: 1, maxLength: 4096, example: 'planned works' })
  @IsReason()
  reason!: string

  @ApiProperty({ ...TIME_SCHEMA, description: "Its end: in the future, and no further than the policy's maxOverride." })
  @IsPointInTime()
  expiresAt!: number | string

  @ApiPropertyOptional({
    type: 'string',
    enum: ['pin', 'until-agree'],
    default: 'pin',
    description: '`until-agree` is dropped as soon as the vote equals it.',
  })
  @IsOptional()
  @IsIn(['pin', 'until-agree'], { message: 'must be pin or until-agree' })
  mode?: OverrideMode | null
}

/** Body of a set state: an override whose end, when not given, is the longest that the policy permits. */
export class StateBody {
  @ApiProperty({ type: 'string', pattern: '^[a-z0-9][a-z0-9._-]{0,63}$', example: 'down' })
  @IsState()
  state!: State

  @ApiProperty({ type: 'string', minLength: 1, maxLength: 4096, example: 'planned works' })
  @IsReason()
  reason!: string

  @ApiPropertyOptional({ ...TIME_SCHEMA, description: "Its end; the policy's longest duration when absent." })
  @IsOptional()
  @IsPointInTime()
  expiresAt?: number | string | null
}
