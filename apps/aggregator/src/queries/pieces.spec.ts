import fc from 'fast-check'
import { entityTag, matchesRead, matchesWrite, parseTags, writeTag } from './entity-tag'
import { formatPositions, lastOf, parsePositions } from './positions'
import { parseWait } from './waiting'

describe('entity tags', () => {
  const now = { incarnation: 7, version: 2, overrides: 1, revision: 5 }
  it('are written with all four parts, and with three for writes', () => {
    expect([entityTag(now), writeTag(now)]).toEqual(['"7.2.1.5"', '7.2.1'])
  })
  it.each([
    ['"7.2.1.5"', true, true],
    ['"7.2.1.4"', true, false],
    ['"7.2.1"', true, false],
    ['"7.2.0.5"', false, false],
    ['"7.1.1.5"', false, false],
    ['"8.2.1.5"', false, false],
    ['"0.0.0.0", "7.2.1.5"', true, true],
    ['W/"7.2.1.5"', true, true],
    ['*', true, true],
  ])('%s: good for a write %s, for a read %s', (header, write, read) => {
    const tags = parseTags('If-Match', header)!
    expect([matchesWrite(tags, now), matchesRead(tags, now)]).toEqual([write, read])
  })
  it.each(['7.2.1.5', '"a" "b"', '"', ''])('refuse %j', (header) => {
    expect(() => parseTags('If-Match', header)).toThrow('If-Match must be')
  })
  it('are absent where the header is', () => expect(parseTags('If-Match', undefined)).toBeUndefined())
})

describe('positions', () => {
  it('are read as they are written', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(fc.nat(1000), fc.nat()), { selector: ([p]) => p, minLength: 1 }), (pairs) => {
        expect([...parsePositions(formatPositions(new Map(pairs)))!]).toEqual(pairs.sort(([a], [b]) => a - b))
      }),
    )
  })
  it('keep the last offset of each partition', () => {
    expect(
      formatPositions(
        lastOf([
          { partition: 3, offset: 5 },
          { partition: 0, offset: 17 },
          { partition: 3, offset: 4 },
        ]),
      ),
    ).toBe('0@17, 3@5')
  })
  it.each(['', '17', '0@', 'a@1', '0@1;1@2', '0@-2'])('refuse %j', (header) => {
    expect(() => parsePositions(header)).toThrow('must be a list such as')
  })
})

describe('waiting', () => {
  it.each([['5s', 5000], ['0', 0], ['0s', 0], ['1.5s', 1500], ['250ms', 250], ['5', 5000], [undefined, undefined]])('%j is %j ms', (given, ms) => expect(parseWait(given)).toBe(ms)) // prettier-ignore
  it.each(['', 's', '-1s', '61s', '5m', ['1', '2']])('refuses %j', (given) =>
    expect(() => parseWait(given)).toThrow('/query/wait'),
  )
})
