import { type Cause, CAUSES, isObjectId, isState, type State } from '@quorate/contracts'
import { IsBoolean, IsIn, IsOptional, IsString, MaxLength, ValidateBy } from 'class-validator'
import type { TrialInput } from '../queries/route-trial'

const rule = (name: string, said: string, validate: (value: unknown) => boolean) => () =>
  ValidateBy({ name, validator: { validate, defaultMessage: () => said } })
const IsObjectId = rule(
  'isObjectId',
  'must be an object id: 1–512 bytes of UTF-8 without control characters',
  isObjectId,
)
const IsStateOrNull = rule(
  'isStateOrNull',
  'must be a state: [a-z0-9][a-z0-9._-]{0,63}, or null',
  (value) => value === null || isState(value),
)

/** A change that might come. */
export class RouteTestBody {
  @IsObjectId()
  object!: string

  @IsStateOrNull()
  state!: State | null

  @IsOptional()
  @IsStateOrNull()
  from?: State | null

  @IsOptional()
  @IsIn(CAUSES, { message: `must be one of ${CAUSES.join(', ')}` })
  cause?: Cause | null

  @IsOptional()
  @IsString({ message: 'must be the name of a policy' })
  @MaxLength(256, { message: 'must be the name of a policy' })
  policy?: string | null

  @IsOptional()
  @IsBoolean({ message: 'must be true or false' })
  flapping?: boolean | null

  @IsOptional()
  @IsStateOrNull()
  told?: State | null
}

export const trialOf = ({ object, state, from, cause, policy, flapping, told }: RouteTestBody): TrialInput => ({
  object,
  state,
  from: from ?? null,
  cause: cause ?? (state === null ? 'deleted' : 'vote'),
  policy: state === null ? null : (policy ?? 'default'),
  flapping: flapping ?? false,
  told: told ?? undefined,
})
