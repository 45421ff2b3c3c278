import 'reflect-metadata'
import { COMMAND_SCHEMAS, decodeSourceData, LEAST_TTL, REPORT_SCHEMA } from '@quorate/contracts'
import { TypeCompiler } from '@sinclair/typebox/compiler'
import { plainToInstance } from 'class-transformer'
import { validateSync } from 'class-validator'
import fc from 'fast-check'
import { AgentBody } from './agent'
import { OverrideBody } from './override'
import { ReportBody, reportOf } from './report'

const accepts = (type: new () => object, body: object): boolean =>
  validateSync(plainToInstance(type, body), { whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: true })
    .length === 0

/** Mostly right, sometimes at an edge, sometimes of another type. */
const oddly = <T>(right: fc.Arbitrary<T>, ...edges: unknown[]) =>
  fc.oneof(
    { weight: 6, arbitrary: right },
    { weight: 2, arbitrary: fc.constantFrom(...edges, null) },
    { weight: 1, arbitrary: fc.jsonValue() },
  )
const STATE = oddly(
  fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,10}$/),
  '',
  'Up',
  '-a',
  'a'.repeat(64),
  'a'.repeat(65),
  'ü',
  'up\n',
)
const COUNT = oddly(fc.nat(), -1, 0, 1.5, 2 ** 53, 2 ** 53 - 1, '1')
const TIME = oddly(fc.integer({ min: 0 }), 1.5, 253_402_300_799_999, 253_402_300_800_000, -1, {}, true)
const SESSION = oddly(
  fc.string({ maxLength: 20 }),
  '',
  'x'.repeat(256),
  'x'.repeat(257),
  'ü'.repeat(128),
  'ü'.repeat(129),
  'a\u0000',
  '\ud800',
)
const EVIDENCE = oddly(fc.jsonValue(), 'x'.repeat(65_534), 'x'.repeat(65_535), 'ü'.repeat(40_000), [], {}, 0, false, '')
const optional = fc.record(
  {
    state: STATE,
    seq: COUNT,
    session: SESSION,
    ttl: COUNT,
    observedAt: TIME,
    evidence: EVIDENCE,
    extra: fc.constant(1),
  },
  { requiredKeys: [] },
)
/** JSON as it comes in: what cannot be written is not there. */
const asJson = (value: object) => JSON.parse(JSON.stringify(value)) as Record<string, unknown>

describe('DTOs and schemas', () => {
  it('accept and refuse the same reports', () => {
    const seen = { accepted: 0, refused: 0 }
    fc.assert(
      fc.property(optional, (given) => {
        const body = asJson(given)
        // The DTO also takes RFC 3339, which becomes ms before the record.
        fc.pre(typeof body.observedAt !== 'string')
        const ours = accepts(ReportBody, body)
        const theirs = decodeSourceData('report', 'x', { ...body, agent: 'a' }, JSON.stringify(body).length * 3)
        // By HTTP a ttl of less than a second is refused, since seconds are most likely meant.
        const isTooShort = typeof body.ttl === 'number' && body.ttl < LEAST_TTL
        expect({ body, accepted: ours }).toEqual({ body, accepted: theirs.reject === undefined && !isTooShort })
        if (ours) {
          const made = reportOf('a', plainToInstance(ReportBody, body))
          expect(theirs.command).toEqual({ type: 'report', object: 'x', data: made })
          expect(TypeCompiler.Compile(REPORT_SCHEMA).Check(made)).toBe(true)
        }
        seen[ours ? 'accepted' : 'refused']++
      }),
      { numRuns: 2000 },
    )
    expect(Math.min(seen.accepted, seen.refused)).toBeGreaterThan(50)
  })

  it('accept and refuse the same agent settings', () => {
    const check = TypeCompiler.Compile(COMMAND_SCHEMAS['agent-set'])
    fc.assert(
      fc.property(
        fc.record(
          {
            weight: oddly(fc.nat(10), -1, 1.5, 1_000_000, 1_000_001),
            muted: oddly(fc.boolean(), 'true', 1),
            extra: fc.constant(1),
          },
          { requiredKeys: [] },
        ),
        (given) => {
          const body = asJson(given)
          const bare = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null))
          expect({ body, accepted: accepts(AgentBody, body) }).toEqual({
            body,
            accepted: check.Check({ agent: 'a', ...bare }),
          })
        },
      ),
      { numRuns: 1000 },
    )
  })

  it('accept of overrides what the schema does, but for reason and end, which REST requires', () => {
    const check = TypeCompiler.Compile(COMMAND_SCHEMAS['override-set'])
    const reason = oddly(fc.string({ minLength: 1, maxLength: 20 }), '', 'x'.repeat(4096), 'x'.repeat(4097), '\ud800')
    fc.assert(
      fc.property(
        fc.record(
          {
            state: STATE,
            reason,
            expiresAt: TIME,
            mode: oddly(fc.constantFrom('pin', 'until-agree'), 'Pin', ''),
            author: fc.constant('me'),
          },
          { requiredKeys: ['state', 'reason', 'expiresAt'] },
        ),
        (given) => {
          const body = asJson(given)
          fc.pre(typeof body.expiresAt !== 'string')
          const bare = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null))
          const complete =
            typeof bare.reason === 'string' &&
            bare.reason !== '' &&
            bare.expiresAt !== undefined &&
            bare.author === undefined
          expect({ body, accepted: accepts(OverrideBody, body) }).toEqual({
            body,
            accepted: complete && check.Check(bare),
          })
        },
      ),
      { numRuns: 1000 },
    )
  })
})
