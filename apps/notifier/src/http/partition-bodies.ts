import { LIMITS } from '@quorate/contracts'
import { IsOptional, IsString, ValidateBy } from 'class-validator'

const rule = (name: string, said: string, validate: (value: unknown) => boolean) => () =>
  ValidateBy({ name, validator: { validate, defaultMessage: () => said } })
const IsOffset = rule(
  'isOffset',
  'must be an integer from 0 to 2^53−1',
  (value) => Number.isSafeInteger(value) && (value as number) >= 0,
)
const { reasonCharacters } = LIMITS
const IsReason = rule(
  'isReason',
  `must be text of 1 to ${reasonCharacters} characters`,
  (value) => typeof value === 'string' && value.length >= 1 && value.length <= reasonCharacters && value.isWellFormed(),
)

/** A record of the sink that the notifier is to leave out. The author is the caller, never a field. */
export class SkipBody {
  @IsOffset()
  offset!: number

  @IsOptional()
  @IsOffset()
  through?: number | null

  @IsReason()
  reason!: string
}

/** That a partition of the notifier continues with the sink as it is now. */
export class SourceBody {
  @IsOptional()
  @IsString({ message: 'must be the id of a topic' })
  topic?: string | null
}
