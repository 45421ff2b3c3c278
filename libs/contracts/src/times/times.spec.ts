import fc from 'fast-check'
import { parseDuration, parseTime } from '.'

describe('a point in time', () => {
  it.each([
    [1700000000000, 1700000000000],
    ['2023-11-14T22:13:20.000Z', 1700000000000],
    ['2023-11-14T22:13:20Z', 1700000000000],
    ['2023-11-14T23:13:20+01:00', 1700000000000],
    ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
  ])('take %j', (given, ms) => expect(parseTime(given)).toBe(ms))
  it.each([
    '2023-11-14',
    '1700000000000',
    '2023-02-30T00:00:00Z',
    '2023-13-01T00:00:00Z',
    '2023-11-14T22:13:20',
    '2023-11-14T24:00:00Z',
    '2023-11-14T22:13Z',
    '2023-11-14 22:13:20Z',
    '2023-11-14T22:13:20+99:99',
    NaN,
    Infinity,
    'now',
    1.5,
    1e300,
    null,
    true,
  ])('refuse %j', (given) => {
    expect(parseTime(given)).toBeUndefined()
  })
  it('take what they write', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799_999 }), (ms) =>
        expect(parseTime(new Date(ms).toISOString())).toBe(ms),
      ),
    )
  })
})

describe('a duration', () => {
  it.each([
    ['250ms', 250], ['90s', 90_000], ['10m', 600_000], ['1.5h', 5_400_000], ['1d', 86_400_000], [' 5s ', 5000], ['0s', 0],
  ])('%s is %p ms', (text, ms) => expect(parseDuration(text)).toBe(ms)) // prettier-ignore
  it.each(['', '10', 's', 'soon', 'off', '-1s', '+1s', '1e3s', '0x10s', 'NaNs', 'Infinitys', '1 s', '1.s', '.5s', '1w', '5m 3s', '1s\n2s', `${'9'.repeat(400)}d`, '999999999d'])(
    'refuses %j', (text) => expect(parseDuration(text)).toBeUndefined()) // prettier-ignore
  it('is a whole number of ms, however it is written', () => {
    const number = fc.oneof(fc.nat().map(String), fc.float({ noNaN: true }).map(String), fc.string())
    fc.assert(
      fc.property(number, fc.constantFrom('ms', 's', 'm', 'h', 'd', '', 'x'), (text, unit) => {
        const ms = parseDuration(text + unit)
        expect(ms === undefined || (Number.isSafeInteger(ms) && ms >= 0)).toBe(true)
      }),
    )
  })
})
