import { isDeeper, parseExactly } from '.'

const exactly = (text: string) => JSON.stringify(parseExactly(text))

describe('numbers', () => {
  it.each([
    '9007199254740991',
    '-9007199254740993',
    '{"id":9007199254740993,"ids":[18446744073709551615,-18446744073709551616]}',
    `[${'9'.repeat(400)}]`,
    '{"n":1e400}',
    '[{"n":-1E0000400}]',
    '{"deep":[[[[{"x":123456789012345678901234567890}]]]]}',
  ])('beyond a double are kept digit by digit: %s', (text) => expect(exactly(text)).toBe(text))

  it.each([
    ['9007199254740992', '9007199254740992'],
    ['1e20', '100000000000000000000'],
    ['1e-400', '0'],
    ['-0.1234567890123456789', '-0.12345678901234568'],
    ['{"text":"12345678901234567890"}', '{"text":"12345678901234567890"}'],
  ])('that a double holds are doubles: %s', (text, written) => {
    expect(exactly(text)).toBe(written)
    expect(parseExactly(text)).toEqual(JSON.parse(text))
  })

  it('do not count as nested', () => {
    expect(isDeeper(parseExactly('[12345678901234567890]'), 1)).toBe(false)
  })

  it('are left alone where the nesting is too deep for a reviver', () => {
    const text = `${'['.repeat(100_000)}12345678901234567890${']'.repeat(100_000)}`
    expect(isDeeper(parseExactly(text), 64)).toBe(true)
  })
})

describe('a name that occurs twice', () => {
  it('counts as it was written last, beside numbers that are kept too', () => {
    expect(exactly('{"a":12345678901234567890,"b":1,"a":2,"b":12345678901234567891}')).toBe(
      '{"a":2,"b":12345678901234567891}',
    )
  })
})
