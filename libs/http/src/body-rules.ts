import { LIMITS } from '@quorate/contracts'
import { ValidateBy, type ValidationOptions } from 'class-validator'

/** A rule for a member of a body, with its sentence: "must be …". */
export const bodyRule =
  (name: string, said: string, validate: (value: unknown) => boolean) => (options?: ValidationOptions) =>
    ValidateBy({ name, validator: { validate, defaultMessage: () => said } }, options)

export const IsCount = (least: number) =>
  bodyRule(
    'isCount',
    `must be an integer from ${least} to 2^53−1`,
    (value) => typeof value === 'number' && Number.isSafeInteger(value) && value >= least,
  )()

/** Text of characters, not bytes; well-formed. */
export const REASON_RULE = `must be text of 1 to ${LIMITS.reasonCharacters} characters`
export const isReason = (value: unknown): boolean =>
  typeof value === 'string' && value.length >= 1 && value.length <= LIMITS.reasonCharacters && value.isWellFormed()
export const IsReason = bodyRule('isReason', REASON_RULE, isReason)
