import fc from 'fast-check'
import type { LogRecord, OutRecord } from '../src/record'
import { pack, packSparse, RUN_BYTES, type Run } from './run'
import { RunCursor } from './run-cursor'

/** Bytes as text: Jest compares strings a hundred times faster than buffers. */
const text = (value: Buffer | string | null) => (value === null ? null : Buffer.from(value).toString('latin1'))
const payload = fc.option(
  fc.oneof(
    fc.string({ unit: 'binary', maxLength: 30 }),
    fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array)),
    fc.nat(30_000).map((n) => 'é'.repeat(n)),
  ),
)
const header = fc.tuple(fc.string({ unit: 'binary', maxLength: 10 }), fc.string({ unit: 'binary', maxLength: 10 }))
const outRecords = fc.array(
  fc.record<OutRecord>({
    topic: fc.constant('t'),
    partition: fc.constant(0),
    key: payload,
    value: payload,
    headers: fc.array(header, { maxLength: 3 }),
  }),
  { minLength: 1, maxLength: 30 },
)

const asRead = (out: OutRecord, offset: number): LogRecord => ({
  offset,
  timestamp: 7,
  key: out.key === null ? null : Buffer.from(out.key),
  value: out.value === null ? null : Buffer.from(out.value),
  headers: (out.headers ?? []).map(([name, value]) => [name, Buffer.from(value)] as const),
})
const seen = (records: readonly LogRecord[]) =>
  records.map(({ offset, timestamp, key, value, headers }) => [
    offset,
    timestamp,
    text(key),
    text(value),
    headers.map(([name, content]) => [name, text(content)]),
  ])

/** The runs that chunks become one after the other. */
function place(chunks: ReturnType<typeof pack>): Run[] {
  let base = 0
  return chunks.map(({ bytes, count }) => {
    const run = { base, last: base + count - 1, timestamp: 7, sparse: false, horizon: null, bytes }
    base += count
    return run
  })
}

function readAll(runs: readonly Run[], from: number, atOnce: number): LogRecord[] {
  const records: LogRecord[] = []
  for (const run of runs) {
    const cursor = new RunCursor(run)
    cursor.skipTo(from)
    while (!cursor.done) cursor.take(records, atOnce)
  }
  return records
}

describe('a run', () => {
  it('gives back what was packed, from any offset and in any steps', () => {
    fc.assert(
      fc.property(outRecords, fc.nat(30), fc.constantFrom(1, 100, 100_000, Infinity), (out, from, atOnce) => {
        const read = readAll(place(pack(out, 1_000_000)), from, atOnce)
        expect(seen(read)).toEqual(seen(out.map(asRead).slice(from)))
      }),
    )
  })

  it('gives back what compaction has left, offsets and times kept', () => {
    fc.assert(
      fc.property(outRecords, fc.nat(100), (out, from) => {
        const left = out.map((each, i) => ({ ...asRead(each, 10 + 3 * i), timestamp: 1e12 + i }))
        const run = { base: 5, last: 200, timestamp: 0, sparse: true, horizon: null, bytes: packSparse(5, left) }
        expect(seen(readAll([run], from, 100))).toEqual(seen(left.filter(({ offset }) => offset >= from)))
        const cursor = new RunCursor(run)
        cursor.skipTo(1_000)
        expect(cursor.next).toBe(201)
      }),
    )
  })

  it('is cut between records when it grows long', () => {
    const out = Array.from({ length: 1_000 }, (_, i) => ({
      topic: 't',
      partition: 0,
      key: `${i}`,
      value: 'x'.repeat(1_000),
    }))
    const chunks = pack(out, 10_000)
    expect(chunks.length).toBeGreaterThan(10)
    for (const chunk of chunks) expect(chunk.bytes.length).toBeLessThan(RUN_BYTES + 2_000)
    expect(chunks.reduce((sum, { count }) => sum + count, 0)).toBe(1_000)
  })

  it('keeps the bytes that a record had when it was packed', () => {
    const value = Buffer.from('before')
    const [chunk] = pack([{ topic: 't', partition: 0, key: null, value }], 1_000)
    value.fill('x')
    expect(chunk!.bytes.toString()).toContain('before')
  })

  it('takes no record that is too large, and names its size, place and limit', () => {
    const big = { topic: 't', partition: 3, key: 'k', value: 'x'.repeat(1_000) }
    expect(() => pack([big], 1_000)).toThrow(/1011 bytes for t\/3, which takes 939/)
    expect(pack([big], 1_072)).toHaveLength(1)
  })
})
