import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import {
  compareUtf8, decodeChange, decodeView, encodeChange, encodeView, eventId, parseEventId, viewToWire, type Change, type View,
} from '.' // prettier-ignore

interface Golden {
  name: string
  change: Change
  key: string
  value: string | null
  headers: [string, string][]
}
const golden = JSON.parse(readFileSync(join(__dirname, '../golden/changes.json'), 'utf8')) as Golden[]

const asRead = ({ key, value, headers }: Omit<Golden, 'name' | 'change'>) => ({
  key: Buffer.from(key),
  value: value === null ? null : Buffer.from(value),
  headers: headers.map(([name, text]) => [name, Buffer.from(text)] as const),
})

describe('the records of the sink', () => {
  it.each(golden.map((row) => [row.name, row] as const))('have the bytes they always had: %s', (_name, row) => {
    const { name: _, change, ...bytes } = row
    expect(encodeChange(change, '/quorate/aggregator')).toEqual(bytes)
    expect(decodeChange(asRead(row))).toEqual({ change })
  })

  it.each<[string, (row: ReturnType<typeof asRead>) => object, string]>([
    ['no key', (row) => ({ ...row, key: null }), 'the key is missing'],
    [
      'no id',
      (row) => ({ ...row, headers: row.headers.filter(([name]) => name !== 'ce_id') }),
      'the header ce_id is missing',
    ],
    [
      'no type',
      (row) => ({ ...row, headers: row.headers.filter(([name]) => name !== 'ce_type') }),
      'the header ce_type is missing',
    ],
    [
      'no time',
      (row) => ({ ...row, headers: row.headers.filter(([name]) => name !== 'ce_time') }),
      'the header ce_time is no time',
    ],
    ['no value', (row) => ({ ...row, value: null }), 'the value is not what its type says'],
    ['another value', (row) => ({ ...row, value: Buffer.from('{"object":1}') }), 'the value is not what its type says'],
    ['a value that is no JSON', (row) => ({ ...row, value: Buffer.from('{') }), 'the value is not what its type says'],
  ])('are refused with %s', (_what, change, reason) => {
    expect(decodeChange(change(asRead(golden[0]!)) as ReturnType<typeof asRead>)).toEqual({ reject: reason })
  })

  it('bear ids that can be taken apart, whatever the object is called', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', minLength: 1 }),
        fc.maxSafeNat(),
        fc.maxSafeNat(),
        (object, incarnation, revision) => {
          expect(parseEventId(eventId(object, incarnation, revision))).toEqual({ object, incarnation, revision })
        },
      ),
      { seed: 1 },
    )
    expect(parseEventId('observers/3@17.lost')).toBeUndefined()
  })
})

describe('a view', () => {
  const view = golden[1]!.change.data as View
  const word = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('\u2028', '"\\', '\u007f'))
  const state = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,63}$/)
  const views = fc.record({
    ...Object.fromEntries(Object.entries(view).map(([name, value]) => [name, fc.constant(value)])),
    object: word,
    policy: word,
    since: fc.integer(),
    tally: fc.dictionary(state, fc.integer({ min: 1 })),
  }) as unknown as fc.Arbitrary<View>

  it('comes back whole from its bytes', () => {
    fc.assert(
      fc.property(views, (any) => expect(decodeView(encodeView(any))).toEqual(any)),
      { seed: 2 },
    )
  })

  it('has its members in the order of the page, and its tally in the order of bytes', () => {
    expect(Object.keys(JSON.parse(encodeView(view)) as object)).toEqual(Object.keys(view))
    fc.assert(
      fc.property(views, (any) => {
        const text = encodeView(any)
        const tally = text.slice(text.indexOf('"tally":{') + 9, text.indexOf('},"participants"'))
        const states = [...tally.matchAll(/"([^"]+)":/g)].map(([, name]) => name!)
        expect(states).toEqual([...states].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))))
      }),
      { seed: 3 },
    )
  })

  it('is written for people with its times in RFC 3339', () => {
    expect(viewToWire(view)).toMatchObject({
      since: '1970-01-01T00:00:00.005Z',
      decidedAt: '1970-01-01T00:00:00.005Z',
      override: { state: 'unknown', expiresAt: '1970-01-01T00:00:00.100Z' },
    })
  })
})

it('the order of ids is that of their UTF-8 bytes', () => {
  const any = fc.string({ unit: 'grapheme' })
  fc.assert(
    fc.property(any, any, (a, b) => {
      expect(Math.sign(compareUtf8(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)))
    }),
    { seed: 4, numRuns: 3000 },
  )
  expect(compareUtf8('\ufb01', '😀')).toBeLessThan(0)
})
