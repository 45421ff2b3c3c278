import { parseTime } from '@quorate/contracts/times'
import fc from 'fast-check'
import { count, instant, integer, json, span } from './command-line'

const REFUSED = 'It must be'

describe.each<[string, (text: string) => number, number]>([
  ['an integer', integer, 0],
  ['a count', count, 1],
])('%s', (_name, parse, least) => {
  it.each([least, 7, Number.MAX_SAFE_INTEGER])('is %i', (value) => expect(parse(String(value))).toBe(value))
  it.each([
    '',
    ' ',
    'NaN',
    'Infinity',
    '-1',
    '+1',
    '1.0',
    '1e3',
    '0x10',
    '1_000',
    '٣',
    ' 5',
    '9007199254740992',
    String(least - 1),
  ])('is not %j', (text) => expect(() => parse(text)).toThrow(REFUSED))
})

describe('a duration', () => {
  it.each([
    ['1ms', 1],
    ['30s', 30_000],
    ['36525d', 3_155_760_000_000],
  ])('%s is %i ms', (text, ms) => expect(span(text)).toBe(ms))
  it.each(['', '30', '0s', '0.1ms', '-5m', 'NaNs', '36526d', '999999999d'])('is not %j', (text) =>
    expect(() => span(text)).toThrow(REFUSED),
  )
})

describe('a time', () => {
  it.each(['2026-12-31T23:59:00Z', '2026-12-31T23:59:00.5+01:00'])('is %s', (text) => expect(instant(text)).toBe(text))
  it.each(['', 'now', '2026-12-31', '2026-12-31T23:59:00', '2026-02-30T00:00:00Z', '1767225540000'])(
    'is not %j',
    (text) => expect(() => instant(text)).toThrow(REFUSED),
  )
})

describe('JSON', () => {
  const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`

  it('is as deep as evidence may be, and no deeper', () => {
    expect(JSON.stringify(json(nested(63)))).toBe(nested(63))
    for (const depth of [64, 200_000]) expect(() => json(nested(depth))).toThrow('nested at most 63 deep')
    expect(() => json('[')).toThrow('It must be JSON')
  })
})

it('no text makes an option NaN or infinite', () => {
  const text = fc.oneof(fc.string(), fc.double().map(String), fc.bigInt().map(String))
  const read = (parse: (text: string) => number, from: string) => {
    try {
      return parse(from)
    } catch {
      return 0
    }
  }
  fc.assert(
    fc.property(text, fc.constantFrom('', 's', 'd'), (one, unit) => {
      for (const parse of [integer, count, span, (it: string) => parseTime(instant(it))!])
        expect(Number.isSafeInteger(read(parse, one + unit))).toBe(true)
    }),
  )
})
