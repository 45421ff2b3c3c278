const NEWLINE = 10

/**
 * Splits a byte stream into lines, at `\n`; the last one needs none. Bytes, not text: a character cut by a chunk's end stays whole, and
 * a line that is no UTF-8 spoils no other. One batch of lines for each chunk.
 */
export async function* lines(input: AsyncIterable<Buffer | string>): AsyncIterable<Buffer[]> {
  let rest: Buffer[] = []
  for await (const piece of input) {
    const chunk = typeof piece === 'string' ? Buffer.from(piece) : piece
    const batch: Buffer[] = []
    let from = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      const tail = chunk.subarray(from, end)
      batch.push(rest.length === 0 ? tail : Buffer.concat([...rest, tail]))
      rest = []
      from = end + 1
    }
    if (from < chunk.length) rest.push(chunk.subarray(from))
    if (batch.length > 0) yield batch
  }
  if (rest.length > 0) yield [Buffer.concat(rest)]
}
