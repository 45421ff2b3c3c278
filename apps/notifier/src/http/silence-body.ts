import { isText, parseTime } from '@quorate/contracts'
import { IsObject, ValidateBy } from 'class-validator'
import type { MatchersDocument, SilenceDocument } from '../configuration'

const rule = (name: string, said: string, validate: (value: unknown) => boolean) => () =>
  ValidateBy({ name, validator: { validate, defaultMessage: () => said } })
const IsSentence = rule('isSentence', 'must be 1–4096 bytes of text without control characters', (value) =>
  isText(value, 1, 4096),
)
const IsTime = rule(
  'isTime',
  'must be a time with its offset, such as 2026-12-31T23:59:00Z',
  (value) => typeof value === 'string' && parseTime(value) !== undefined,
)

/**
 * A silence (notify.md, "Silences"): everything is required. What the matchers say is judged with the whole
 * configuration.
 */
export class SilenceBody implements SilenceDocument {
  @IsObject({ message: 'must be matchers: object, state, from, cause, policy' })
  match!: MatchersDocument

  @IsTime()
  startsAt!: string

  @IsTime()
  endsAt!: string

  @IsSentence()
  author!: string

  @IsSentence()
  comment!: string
}
