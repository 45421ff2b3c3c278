import type { OverrideMode, State } from '@quorate/contracts'
import { IsIn, IsOptional } from 'class-validator'
import { IsReason } from '@quorate/http'
import { IsPointInTime, IsState } from './rules'

/** Body of an override (vote.md 6). The author is the caller, never a field. */
export class OverrideBody {
  @IsState()
  state!: State

  @IsReason()
  reason!: string

  @IsPointInTime()
  expiresAt!: number | string

  @IsOptional()
  @IsIn(['pin', 'until-agree'], { message: 'must be pin or until-agree' })
  mode?: OverrideMode | null
}

/** Body of a set state: an override whose end, when not given, is the longest that the policy permits. */
export class StateBody {
  @IsState()
  state!: State

  @IsReason()
  reason!: string

  @IsOptional()
  @IsPointInTime()
  expiresAt?: number | string | null
}
