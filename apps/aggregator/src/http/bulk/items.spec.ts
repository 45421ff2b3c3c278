import fc from 'fast-check'
import { ArraySplitter, LineSplitter, type Splitter } from './items'

const split = (splitter: Splitter, bytes: Buffer, sizes: number[] = []): string[] => {
  const items: Buffer[] = []
  let from = 0
  for (const size of sizes) {
    items.push(...splitter.push(bytes.subarray(from, from + size)))
    from += size
  }
  items.push(...splitter.push(bytes.subarray(from)), ...splitter.end())
  return items.map(String)
}
const ofArray = (text: string) => split(new ArraySplitter(), Buffer.from(text))
const ofLines = (text: string) => split(new LineSplitter(), Buffer.from(text))

describe('the items of a bulk body', () => {
  it('are the elements of an array, however it is cut into chunks and laid out', () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue()),
        fc.array(fc.integer({ min: 0, max: 7 })),
        fc.constantFrom(0, 2),
        (values, sizes, indent) => {
          const bytes = Buffer.from(JSON.stringify(values, null, indent))
          expect(split(new ArraySplitter(), bytes, sizes).map((item) => JSON.parse(item) as unknown)).toEqual(
            JSON.parse(JSON.stringify(values)),
          )
        },
      ),
    )
  })

  it('are the lines of NDJSON, however it is cut into chunks', () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue()),
        fc.array(fc.integer({ min: 0, max: 7 })),
        fc.constantFrom('\n', '\r\n', '\n\n'),
        fc.boolean(),
        (values, sizes, end, closed) => {
          const lines = values.map((value) => JSON.stringify(value))
          const bytes = Buffer.from(lines.join(end) + (closed ? end : ''))
          expect(split(new LineSplitter(), bytes, sizes).map((item) => item.trim())).toEqual(lines)
        },
      ),
    )
  })

  it.each([
    ['', 'ends before'],
    ['[', 'ends before'],
    ['[1', 'ends before'],
    ['["]', 'ends before'],
    ['{"a":1}', 'must be a JSON array'],
    ['[1,]', 'empty place'],
    ['[,1]', 'empty place'],
    ['[1]]', 'behind the array'],
    ['[1}', 'not opened'],
  ])('refuse the array %s', (text, said) => {
    expect(() => ofArray(text)).toThrow(said)
  })

  it('take an empty array and no lines', () => {
    expect([ofArray(' [ ] \n'), ofLines(''), ofLines('\n \n')]).toEqual([[], [], []])
  })

  it('are never larger than a megabyte', () => {
    const large = `"${'x'.repeat(1024 * 1024)}"`
    expect(() => ofArray(`[${large}]`)).toThrow('1048576 bytes')
    expect(() => ofLines(large)).toThrow('1048576 bytes')
    const splitter = new LineSplitter()
    const endless = () => {
      for (let i = 0; i < 20; i++) splitter.push(Buffer.alloc(64 * 1024, 'x'))
    }
    expect(endless).toThrow('1048576 bytes')
  })
})
