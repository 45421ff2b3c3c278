import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import {
  COMMAND_SCHEMAS,
  decodeSource,
  encodeSource,
  isAgentId,
  LIMITS,
  type SourceCommand,
  type SourceRecord,
} from '.'
import { checkReport, REPORT_SCHEMA } from './report'
import { compiled, withoutNulls } from './schema'

interface Golden {
  name: string
  command: SourceCommand
  key: string | null
  value: string | null
  headers: [string, string][]
}
const golden = JSON.parse(readFileSync(join(__dirname, '../golden/source.json'), 'utf8')) as Golden[]

const record = (
  key: string | null,
  value: string | Buffer | null,
  headers: Record<string, string> = {},
): SourceRecord => ({
  key: key === null ? null : Buffer.from(key),
  value: value === null ? null : Buffer.from(value as string),
  headers: Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)]),
})
const rejected = (...args: Parameters<typeof record>) => decodeSource(record(...args)).reject
const accepted = (...args: Parameters<typeof record>) => decodeSource(record(...args)).command

describe('the records of the source topic', () => {
  it.each(golden.map((row) => [row.name, row] as const))('have the bytes they always had: %s', (_name, row) => {
    expect(encodeSource(row.command)).toEqual({ key: row.key, value: row.value, headers: row.headers })
    expect(accepted(row.key, row.value, Object.fromEntries(row.headers))).toEqual(row.command)
  })

  it('cover every kind', () => {
    expect(new Set(golden.map((row) => row.command.type))).toEqual(new Set(['report', ...Object.keys(COMMAND_SCHEMAS)]))
  })

  it('may name their kind inside', () => {
    expect(accepted('o', '{"type":"leave","agent":"a"}')).toEqual({ type: 'leave', object: 'o', data: { agent: 'a' } })
    expect(accepted('o', '{"type":"report","agent":"a","state":"up"}')).toMatchObject({ type: 'report' })
    expect(accepted(null, '{"type":"tick"}')).toEqual({ type: 'tick' })
    expect(accepted('o', '{"type":"override-cleared"}')).toEqual({ type: 'override-cleared', object: 'o', data: {} })
    expect(accepted('o', '{"type":"leave","agent":"a"}', { ce_type: 'leave', traceparent: 'x' })).toMatchObject({
      type: 'leave',
    })
  })

  it('take null for absent', () => {
    const nulls =
      '{"agent":"a","state":"up","seq":null,"session":null,"ttl":null,"observedAt":null,"evidence":null,"type":null}'
    expect(accepted('o', nulls)).toEqual({ type: 'report', object: 'o', data: { agent: 'a', state: 'up' } })
    expect(accepted(null, '{"type":"policy-set","name":"p","match":"**","ttl":null,"flap":{"window":null}}')).toEqual({
      type: 'policy-set',
      data: { name: 'p', match: '**', flap: {} },
    })
    expect(accepted('o', 'null', { ce_type: 'object-deleted' })).toEqual({
      type: 'object-deleted',
      object: 'o',
      data: {},
    })
  })

  it.each<[string, string, ...Parameters<typeof record>]>([
    ['broken JSON', 'the value is not JSON', 'o', '{"agent":'],
    ['invalid UTF-8', 'the value is not UTF-8', 'o', Buffer.from([0x22, 0xff, 0x22])],
    ['a list', 'the value is not a JSON object', 'o', '[]'],
    ['no value', 'the value is missing', 'o', null],
    ['a leave without value', 'the value is missing', 'o', null, { ce_type: 'leave' }],
    ['an unknown kind', 'unknown kind "vote"', 'o', '{"type":"vote"}'],
    ['an unknown kind in the header', 'unknown kind "vote"', 'o', null, { ce_type: 'vote' }],
    ['a kind of the object prototype', 'unknown kind "constructor"', 'o', '{"type":"constructor"}'],
    [
      'two kinds',
      'the header ce_type says "leave", the field type "report"',
      'o',
      '{"type":"report"}',
      { ce_type: 'leave' },
    ],
    ['a type that is no text', '/type: must be a string', 'o', '{"type":1}'],
    ['no key', 'a report needs a key: the object id', null, '{"agent":"a","state":"up"}'],
    [
      'an empty key',
      'the key is not an object id: 1–512 bytes of UTF-8 without control characters',
      '',
      '{"agent":"a","state":"up"}',
    ],
    [
      'a control character in the key',
      'the key is not an object id: 1–512 bytes of UTF-8 without control characters',
      'a\n',
      '{"agent":"a","state":"up"}',
    ],
    ['a key on a tick', 'a tick has no key', 'o', null, { ce_type: 'tick' }],
    ['no agent', '/agent: missing', 'o', '{"state":"up"}'],
    ['no state', '/state: missing', 'o', '{"agent":"a"}'],
    [
      'an agent of the wrong type',
      '/agent: must be 1–256 bytes of UTF-8 without control characters',
      'o',
      '{"agent":7,"state":"up"}',
    ],
    [
      'an empty agent',
      '/agent: must be 1–256 bytes of UTF-8 without control characters',
      'o',
      '{"agent":"","state":"up"}',
    ],
    [
      'half a surrogate',
      '/agent: must be 1–256 bytes of UTF-8 without control characters',
      'o',
      '{"agent":"\\ud800","state":"up"}',
    ],
    ['a state in capitals', '/state: must be a state: [a-z0-9][a-z0-9._-]{0,63}', 'o', '{"agent":"a","state":"UP"}'],
    ['an unknown field', '/colour: unknown field', 'o', '{"agent":"a","state":"up","colour":1}'],
    ['the prototype as a field', '/__proto__: unknown field', 'o', '{"agent":"a","state":"up","__proto__":{}}'],
    ['a seq below 0', '/seq: must be an integer from 0 to 2^53−1', 'o', '{"agent":"a","state":"up","seq":-1}'],
    [
      'a seq above 2^53−1',
      '/seq: must be an integer from 0 to 2^53−1',
      'o',
      '{"agent":"a","state":"up","seq":9007199254740992}',
    ],
    ['half a seq', '/seq: must be an integer from 0 to 2^53−1', 'o', '{"agent":"a","state":"up","seq":1.5}'],
    ['a ttl of 0', '/ttl: must be an integer above 0: ms', 'o', '{"agent":"a","state":"up","ttl":0}'],
    [
      'an observedAt in words',
      '/observedAt: must be an integer: ms since 1970',
      'o',
      '{"agent":"a","state":"up","observedAt":"now"}',
    ],
    [
      'a mode unheard of',
      '/mode: must be pin or until-agree',
      'o',
      '{"state":"up","mode":"x"}',
      { ce_type: 'override-set' },
    ],
    ['a policy without match', '/match: missing', null, '{"name":"p"}', { ce_type: 'policy-set' }],
    [
      'a negative duration',
      '/ttl: must be seconds, 0 or more',
      null,
      '{"name":"p","match":"**","ttl":-1}',
      { ce_type: 'policy-set' },
    ],
    [
      'a negative weight',
      '/weight: must be an integer, 0 or more',
      null,
      '{"agent":"a","weight":-1}',
      { ce_type: 'agent-set' },
    ],
  ])('refuse %s', (_what, reason, ...args) => {
    expect(rejected(...args)).toBe(reason)
  })

  it('take evidence of up to 64 KiB', () => {
    const withEvidence = (bytes: number) => JSON.stringify({ agent: 'a', state: 'up', evidence: 'x'.repeat(bytes - 2) })
    expect(accepted('o', withEvidence(LIMITS.evidenceBytes))).toBeDefined()
    expect(rejected('o', withEvidence(LIMITS.evidenceBytes + 1))).toBe('/evidence: must be at most 65536 bytes of JSON')
  })

  it('take ids of exactly the bytes allowed', () => {
    const report = '{"agent":"a","state":"up"}'
    expect(accepted('é'.repeat(256), report)).toBeDefined()
    expect(rejected('é'.repeat(256) + 'x', report)).toContain('the key is not an object id')
    expect(isAgentId('é'.repeat(128))).toBe(true)
    expect(isAgentId('é'.repeat(128) + 'x')).toBe(false)
  })
})

describe('the short way of checking a report', () => {
  const check = compiled(REPORT_SCHEMA)
  const odd = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.integer(),
    fc.double(),
    fc.constant(null),
    fc.boolean(),
    fc.constant(2 ** 53),
  )
  const field = fc.constantFrom('agent', 'state', 'seq', 'session', 'ttl', 'observedAt', 'evidence', 'colour')
  const right = fc.record(
    {
      agent: fc.string({ minLength: 1, maxLength: 70 }),
      state: fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,63}$/),
      seq: fc.maxSafeNat(),
      session: fc.string({ maxLength: 260 }),
      ttl: fc.integer({ min: 0 }),
      observedAt: fc.maxSafeInteger(),
    },
    { requiredKeys: ['agent', 'state'] },
  )
  it('agrees with the schema on every input', () => {
    fc.assert(
      fc.property(right, fc.dictionary(field, odd, { maxKeys: 2 }), (base, changes) => {
        const value = { ...base, ...changes }
        expect(typeof checkReport(value, 100) === 'object').toBe(check.Check(withoutNulls(value)))
      }),
      { seed: 4, numRuns: 3000 },
    )
  })

  it('comes back whole from its record', () => {
    fc.assert(
      fc.property(right, (data) => {
        if (!check.Check(data)) return
        const command = { type: 'report', object: 'o', data } as const
        const { key, value } = encodeSource(command)
        expect(accepted(key, value)).toEqual(command)
      }),
      { seed: 5, numRuns: 1000 },
    )
  })
})
