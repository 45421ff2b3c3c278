import type { BulkAnswer, BulkReport } from './answers'
import type { Caller } from './caller'

/**
 * Bytes of NDJSON that one request carries at most: well under the server's limit of a body, so that a 503 can be
 * repeated.
 */
const CHUNK_BYTES = 512 * 1024
/** Reports that one request carries at most: an agent that reports slowly is not held up for longer. */
const CHUNK_REPORTS = 5_000

interface Chunk {
  readonly text: string
  readonly first: number
}

/**
 * Sends any number of reports as NDJSON, in order, one request after the other, each repeated when the server asks to;
 * memory is bounded by one chunk. Answers once all are appended. When it throws, `accepted` chunks before the fault
 * have been appended: reports may be sent again, a report that is there already changes nothing but its time.
 */
export async function sendBulk(
  caller: Caller,
  reports: Iterable<BulkReport> | AsyncIterable<BulkReport>,
  signal?: AbortSignal,
): Promise<BulkAnswer> {
  let accepted = 0
  const rejected: { index: number; reason: string }[] = []
  const ends = new Map<string, string>()
  for await (const { text, first } of chunks(reports)) {
    const headers = { 'content-type': 'application/x-ndjson' }
    const { body } = await caller.json<BulkAnswer>({ method: 'POST', path: '/v1/reports', headers, body: text, signal })
    accepted += body.accepted
    for (const { index, reason } of body.rejected) rejected.push({ index: first + index, reason })
    for (const [partition, offset] of positions(body.position)) ends.set(partition, offset)
  }
  return { accepted, rejected, position: [...ends].map(([partition, offset]) => `${partition}@${offset}`).join(', ') }
}

/** `0@17, 3@5` → the last offset of each partition; later answers are further on. */
function positions(text: string | undefined): [string, string][] {
  return (text ?? '')
    .split(',')
    .map((part) => part.trim().split('@'))
    .filter((pair): pair is [string, string] => pair.length === 2)
}

async function* chunks(reports: Iterable<BulkReport> | AsyncIterable<BulkReport>): AsyncGenerator<Chunk> {
  let lines: string[] = []
  let bytes = 0
  let index = 0
  for await (const report of reports) {
    const line = `${JSON.stringify(report)}\n`
    const size = Buffer.byteLength(line)
    if (lines.length > 0 && (bytes + size > CHUNK_BYTES || lines.length >= CHUNK_REPORTS)) {
      yield { text: lines.join(''), first: index - lines.length }
      lines = []
      bytes = 0
    }
    lines.push(line)
    bytes += size
    index++
  }
  if (lines.length > 0) yield { text: lines.join(''), first: index - lines.length }
}
