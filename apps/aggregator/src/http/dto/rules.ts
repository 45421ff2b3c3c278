import { isState, isText, LEAST_TTL, LIMITS, parseTime } from '@quorate/contracts'
import { bodyRule } from '@quorate/http'

export const IsState = bodyRule('isState', 'must be a state: [a-z0-9][a-z0-9._-]{0,63}', isState)

export const IsSession = bodyRule('isSession', 'must be 0–256 bytes of UTF-8 without control characters', (value) =>
  isText(value, 0, LIMITS.sessionBytes),
)

export const IsPointInTime = bodyRule(
  'isPointInTime',
  'must be a point in time: RFC 3339, or integer ms since 1970',
  (value) => parseTime(value) !== undefined,
)

export const TTL_RULE = `must be an integer from ${LEAST_TTL} to 2^53−1: it is in milliseconds, so 30 s are 30000`
export const isTtl = (value: unknown): boolean =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= LEAST_TTL
export const IsTtl = bodyRule('isTtl', TTL_RULE, isTtl)

/** How deep it is nested was judged with the whole body. */
export const IsEvidence = bodyRule(
  'isEvidence',
  `must be at most ${LIMITS.evidenceBytes} bytes of JSON`,
  (value) => Buffer.byteLength(JSON.stringify(value) ?? '') <= LIMITS.evidenceBytes,
)

export const IsWeight = bodyRule(
  'isWeight',
  `must be an integer from 0 to ${LIMITS.agentWeight}`,
  (value) => typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= LIMITS.agentWeight,
)
