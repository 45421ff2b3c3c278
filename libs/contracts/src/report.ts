import { Type } from '@sinclair/typebox'
import { isState, isText } from './ids'
import { isDeeper, TOO_DEEP } from './json/depth'
import { LIMITS } from './limits'
import { AGENT_ID, compiled, faultsOf, faultText, STATE, TIME, withoutNulls } from './schema'
import { LAST_TIME } from './times'
import type { Shape } from './shape'

/** A report's value (docs/spec/vote.md, 2), `type` aside. */
export const REPORT_SCHEMA = Type.Object(
  {
    agent: AGENT_ID,
    state: STATE,
    seq: Type.Optional(
      Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'an integer from 0 to 2^53−1' }),
    ),
    session: Type.Optional(
      Type.String({ format: 'session', description: '0–256 bytes of UTF-8 without control characters' }),
    ),
    ttl: Type.Optional(
      Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'an integer above 0: ms' }),
    ),
    observedAt: Type.Optional(TIME),
    evidence: Type.Optional(Type.Unknown()),
  },
  { additionalProperties: false },
)

/**
 * An agent's latest claim about an object (docs/spec/vote.md, 2). Absent members are undefined, never null. `ttl` is in
 * ms.
 */
export type Report = Shape<typeof REPORT_SCHEMA>

const CHECK = compiled(REPORT_SCHEMA)

/** A character of JSON text can become at most this many bytes when written again (`1e20,` → twenty-one digits). */
const GROWTH = 6

/**
 * Checks a parsed report, `type` taken out; a string is the reason why not. `bytes` is the size of the text it came
 * from. A well-formed report of a few plain members is recognized by hand, at a fifth of the cost of the compiled
 * schema; everything else takes the long way, and a property test proves that both agree.
 */
export function checkReport(value: Record<string, unknown>, bytes: number): Report | string {
  if (isPlain(value)) return value
  const data = withoutNulls(value)
  if (!CHECK.Check(data)) return faultText(faultsOf(CHECK, data)[0]!)
  // The report itself is the outermost. First of all: what is nested deeper than any stack cannot even be written to be
  // measured.
  if (data.evidence !== undefined && isDeeper(data.evidence, LIMITS.jsonDepth - 1)) return `/evidence: ${TOO_DEEP}`
  if (data.evidence !== undefined && bytes * GROWTH > LIMITS.evidenceBytes) {
    if (Buffer.byteLength(JSON.stringify(data.evidence)) > LIMITS.evidenceBytes) {
      return `/evidence: must be at most ${LIMITS.evidenceBytes} bytes of JSON`
    }
  }
  return data
}

function isPlain(value: object): value is Report {
  let named = 0
  for (const name in value) {
    const member: unknown = value[name as keyof typeof value]
    if (name === 'agent') {
      if (!isShort(member)) return false
      named++
    } else if (name === 'state') {
      if (!isState(member)) return false
      named++
    } else if (name === 'seq') {
      if (!isCount(member, 0)) return false
    } else if (name === 'ttl') {
      if (!isCount(member, 1)) return false
    } else if (name === 'observedAt') {
      if (!isCount(member, -LAST_TIME) || member > LAST_TIME) return false
    } else if (name === 'session') {
      if (!isText(member, 0, LIMITS.sessionBytes)) return false
    } else return false
  }
  return named === 2
}

/** An agent id of printable ASCII, short: no need to count bytes. */
function isShort(value: unknown): value is string {
  if (typeof value !== 'string' || value.length === 0 || value.length > 64) return false
  for (let i = 0; i < value.length; i++) {
    const unit = value.charCodeAt(i)
    if (unit < 0x20 || unit > 0x7e) return false
  }
  return true
}

const isCount = (value: unknown, least: number): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= least
