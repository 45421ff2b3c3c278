import { colour, duration, jsonLine, plain, printable, steerless, table } from './text'

describe('a table', () => {
  const rows = [
    ['site/x', 'down', 'stale'],
    ['a', 'up', ''],
  ]
  it('has tabs and no head for programs', () =>
    expect(table(['A', 'B', 'C'], rows, undefined)).toBe('site/x\tdown\tstale\na\tup\t\n'))
  it('has columns with a head for people', () =>
    expect(table(['OBJECT', 'STATE', 'MARKS'], rows, plain)).toBe(
      'OBJECT  STATE  MARKS\nsite/x  down   stale\na       up     \n',
    ))
  it('cleans, pads and then colours: columns are as wide as their text', () =>
    expect(
      table(
        ['A', 'STATE', 'C'],
        [
          ['x', { text: 'down', style: 'red' }, '1'],
          ['y', { text: 'u\u001bp', style: 'green' }, '2'],
        ],
        colour,
      ),
    ).toBe('\u001b[2mA  STATE  C\u001b[0m\nx  \u001b[31mdown\u001b[0m   1\ny  \u001b[32mu\uFFFDp\u001b[0m    2\n'))
  it('shows styled cells to programs as text', () =>
    expect(table(['A'], [[{ text: 'down', style: 'red' }]], undefined)).toBe('down\n'))
  it('lets no cell control the terminal', () => expect(table(['A'], [['\u001b[2J']], undefined)).toBe('\uFFFD[2J\n'))
})

it('colours are escape sequences, and none when plain', () => {
  expect([colour('red', 'down'), plain('red', 'down')]).toEqual(['\u001b[31mdown\u001b[0m', 'down'])
})

it('shown text cannot control the terminal, and keeps its lines, tabs and colours', () => {
  const text = `${colour('red', 'down')}\tx\n\u001b[2J\u009b2J\u0007\r`
  expect(steerless(text, true)).toBe(`${colour('red', 'down')}\tx\n\uFFFD[2J\uFFFD2J\uFFFD\uFFFD`)
  expect(steerless('\u001b[31mred', false)).toBe('\uFFFDred')
})

it('JSON for programs cannot control the terminal either, and keeps its meaning', () => {
  const value = { reason: 'a\u009b2J\u007f\u001b[2J größe' }
  expect(jsonLine(value)).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/)
  expect(JSON.parse(jsonLine(value))).toEqual(value)
})

it('printable keeps letters of every script and removes control characters', () => {
  expect(printable('größe 東京 🚀\n\u0007\u009b')).toBe('größe 東京 🚀\uFFFD\uFFFD\uFFFD')
})

it.each([
  [3, '3 ms'],
  [-3, '-3 ms'],
  [1000, '1s'],
  [61_000, '1m 1s'],
  [3_600_000, '1h'],
  [90_061_000, '1d 1h'],
  [-61_000, '-1m 1s'],
])('%i ms is written %s', (ms, text) => expect(duration(ms)).toBe(text))
