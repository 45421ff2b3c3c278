import { isAscii } from 'node:buffer'

const NEWLINE = 10

/** One line without its line break: text if its chunk is ASCII, else bytes, which may not be UTF-8. */
export type InputLine = string | Buffer

/**
 * Splits a byte stream into lines at `\n`; the last line may lack it. A character split across chunks stays whole, and
 * a line that is not UTF-8 does not affect others. Yields one batch of lines per chunk.
 */
export async function* lines(input: AsyncIterable<Buffer | string>): AsyncIterable<InputLine[]> {
  let rest: Buffer[] = []
  for await (const piece of input) {
    const chunk = typeof piece === 'string' ? Buffer.from(piece) : piece
    const batch: InputLine[] = []
    // Nearly all input is ASCII. Checking and decoding a whole chunk at once costs half as much as line by line.
    const text = isAscii(chunk) ? chunk.toString('latin1') : undefined
    const next = (from: number): number =>
      text === undefined ? chunk.indexOf(NEWLINE, from) : text.indexOf('\n', from)
    let from = 0
    for (let end = next(0); end >= 0; end = next(from)) {
      if (rest.length > 0) batch.push(Buffer.concat([...rest, chunk.subarray(from, end)]))
      else batch.push(text === undefined ? chunk.subarray(from, end) : text.slice(from, end))
      rest = []
      from = end + 1
    }
    if (from < chunk.length) rest.push(chunk.subarray(from))
    if (batch.length > 0) yield batch
  }
  if (rest.length > 0) yield [Buffer.concat(rest)]
}
