import { type InputLine, lines } from './lines'

async function split(...chunks: Buffer[]): Promise<string[]> {
  const all: InputLine[] = []
  for await (const batch of lines(chunksOf(chunks))) all.push(...batch)
  return all.map((line) => (typeof line === 'string' ? line : line.toString('latin1')))
}
async function* chunksOf(chunks: readonly Buffer[]): AsyncIterable<Buffer> {
  for (const chunk of chunks) yield Promise.resolve(chunk)
}

describe('the lines of a stream', () => {
  const whole = Buffer.concat([Buffer.from('plain\n\nzwölf 😀\nlast but'), Buffer.from([0xff, 10]), Buffer.from('end')])

  it('are the same wherever the chunks are cut', async () => {
    const expected = whole.toString('latin1').split('\n')
    for (let a = 0; a <= whole.length; a++)
      for (let b = a; b <= whole.length; b++) {
        expect(await split(whole.subarray(0, a), whole.subarray(a, b), whole.subarray(b))).toEqual(expected)
      }
  })

  it('include the last one without a line break', async () => {
    expect(await split(Buffer.from('a\nb\n'))).toEqual(['a', 'b'])
    expect(await split(Buffer.from('a\nb'))).toEqual(['a', 'b'])
    expect(await split(Buffer.from(''))).toEqual([])
  })
})
