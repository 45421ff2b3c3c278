import { isState, isText, LEAST_TTL, LIMITS, parseTime } from '@quorate/contracts'
import { ValidateBy, type ValidationOptions } from 'class-validator'

/** A rule with its sentence: "must be …". */
const rule = (name: string, said: string, validate: (value: unknown) => boolean) => (options?: ValidationOptions) =>
  ValidateBy({ name, validator: { validate, defaultMessage: () => said } }, options)

export const IsState = rule('isState', 'must be a state: [a-z0-9][a-z0-9._-]{0,63}', isState)

export const IsSession = rule('isSession', 'must be 0–256 bytes of UTF-8 without control characters', (value) =>
  isText(value, 0, LIMITS.sessionBytes),
)

export const IsPointInTime = rule(
  'isPointInTime',
  'must be a point in time: RFC 3339, or integer ms since 1970',
  (value) => parseTime(value) !== undefined,
)

export const IsCount = (least: number) =>
  rule(
    'isCount',
    `must be an integer from ${least} to 2^53−1`,
    (value) => typeof value === 'number' && Number.isSafeInteger(value) && value >= least,
  )()

export const TTL_RULE = `must be an integer from ${LEAST_TTL} to 2^53−1: it is in milliseconds, so 30 s are 30000`
export const isTtl = (value: unknown): boolean =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= LEAST_TTL
export const IsTtl = rule('isTtl', TTL_RULE, isTtl)

/** How deep it is nested was judged with the whole body. */
export const IsEvidence = rule(
  'isEvidence',
  `must be at most ${LIMITS.evidenceBytes} bytes of JSON`,
  (value) => Buffer.byteLength(JSON.stringify(value) ?? '') <= LIMITS.evidenceBytes,
)

/** Text of characters, not bytes; well-formed. */
export const REASON_RULE = `must be text of 1 to ${LIMITS.reasonCharacters} characters`
export const isReason = (value: unknown): boolean =>
  typeof value === 'string' && value.length >= 1 && value.length <= LIMITS.reasonCharacters && value.isWellFormed()
export const IsReason = rule('isReason', REASON_RULE, isReason)

export const IsWeight = rule(
  'isWeight',
  `must be an integer from 0 to ${LIMITS.agentWeight}`,
  (value) => typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= LIMITS.agentWeight,
)
