import fc from 'fast-check'
import type { LogRecord, OutRecord } from '../../src'
import { BatchDecoder, CorruptBatch, offsetAfterBatches } from './batch-decoder'
import { batchSizeOfOne, encodeBatch, recordSize, sequenceAfter, stampBatch } from './batch-encoder'
import { BATCH } from './batch-layout'
import { writeInt64 } from './int64'

const STAMP = { producerId: 4711, epoch: 7, transactional: false }

const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 60 }), fc.string({ maxLength: 60 }))
const bytes = fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array))
const content = fc.option(fc.oneof(text, bytes))
const record: fc.Arbitrary<OutRecord> = fc.record({
  topic: fc.constant('t'),
  partition: fc.constant(0),
  key: content,
  value: content,
  headers: fc.array(fc.tuple(text, fc.oneof(text, bytes)), { maxLength: 4 }),
})
const records = fc.array(record, { minLength: 1, maxLength: 200 })

/** Batches of at most `maxBytes` with consecutive offsets, as a broker would answer them. */
function log(all: readonly OutRecord[], maxBytes: number, baseOffset = 0): Buffer {
  const batches: Buffer[] = []
  for (let first = 0; first < all.length;) {
    const out = Buffer.alloc(1 << 20)
    const { count, bytes: size } = encodeBatch(all, first, all.length, out, 0, maxBytes, 1_700_000_000_123)
    const batch = out.subarray(0, size)
    writeInt64(batch, BATCH.baseOffset, baseOffset + first)
    stampBatch(batch, STAMP, first)
    batches.push(batch)
    first += count
  }
  return Buffer.concat(batches)
}

function decodeAll(from: Buffer, offset = 0, budget = Infinity): { records: LogRecord[]; next: number } {
  const decoder = new BatchDecoder(from, offset, [])
  const all: LogRecord[] = []
  while (!decoder.done) decoder.decode(all, budget)
  return { records: all, next: decoder.next }
}

const plain = (value: Buffer | string | null) => (value === null ? null : Buffer.from(value).toString('hex'))
const asRead = ({ key, value, headers }: LogRecord) => [
  plain(key),
  plain(value),
  headers.map(([n, v]) => [n, plain(v)]),
]
const asWritten = ({ key, value, headers = [] }: OutRecord) => [
  plain(key),
  plain(value),
  headers.map(([n, v]) => [Buffer.from(n).toString(), plain(v)]),
]

describe('record batches', () => {
  it('come back as they went, however they are split', () => {
    fc.assert(
      fc.property(records, fc.integer({ min: 61, max: 5000 }), (all, maxBytes) => {
        const written = log(all, maxBytes, 1000)
        const read = decodeAll(written, 1000)
        expect(read.records.map(asRead)).toEqual(all.map(asWritten))
        expect(read.records.map(({ offset }) => offset)).toEqual(all.map((_, i) => 1000 + i))
        expect(read.records.every(({ timestamp }) => timestamp === 1_700_000_000_123)).toBe(true)
        expect(read.next).toBe(1000 + all.length)
        expect(offsetAfterBatches(written, 1000)).toBe(1000 + all.length)
      }),
    )
  })

  it('are read from any offset, in pieces of any size, cut off anywhere', () => {
    fc.assert(
      fc.property(records, fc.nat(250), fc.nat(500), fc.nat(), (all, from, budget, cut) => {
        const whole = log(all, 700)
        const start = Math.min(from, all.length)
        const read = decodeAll(whole, start, budget + 1)
        expect(read.records.map(asRead)).toEqual(all.slice(start).map(asWritten))
        const part = whole.subarray(0, cut % (whole.length + 1))
        const partly = decodeAll(part, 0)
        expect(partly.records).toHaveLength(partly.next)
        expect(partly.next).toBe(offsetAfterBatches(part, 0))
        expect(decodeAll(whole, partly.next).records).toHaveLength(all.length - partly.next)
      }),
    )
  })

  it('are never larger than they may be, unless one record is', () => {
    fc.assert(
      fc.property(records, fc.integer({ min: 61, max: 2000 }), (all, maxBytes) => {
        for (let first = 0; first < all.length;) {
          const out = Buffer.alloc(1 << 20)
          const { count, bytes: size } = encodeBatch(all, first, all.length, out, 0, maxBytes, 0)
          if (count === 1) expect(size).toBe(batchSizeOfOne(all[first]!))
          else expect(size).toBeLessThanOrEqual(maxBytes)
          const sizes = all.slice(first, first + count).map((each, i) => recordSize(each, i))
          expect(size).toBe(BATCH.records + sizes.reduce((sum, each) => sum + each, 0))
          first += count
        }
      }),
    )
  })

  it('that do not fit at all take no bytes', () => {
    const all: OutRecord[] = [{ topic: 't', partition: 0, key: null, value: 'x'.repeat(100) }]
    expect(encodeBatch(all, 0, 1, Buffer.alloc(100), 0, 1000, 0)).toEqual({ count: 0, bytes: 0 })
  })

  it('with a byte changed anywhere after their lengths are refused', () => {
    const batch = log([{ topic: 't', partition: 0, key: 'key', value: 'value' }], 1000)
    fc.assert(
      fc.property(
        fc.integer({ min: BATCH.magic, max: batch.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        (at, flip) => {
          const changed = Buffer.from(batch)
          changed[at]! ^= flip
          expect(() => decodeAll(changed)).toThrow(CorruptBatch)
        },
      ),
    )
  })

  it('whose records contradict their lengths are refused, though their CRC is right', () => {
    const batch = log([{ topic: 't', partition: 0, key: 'key', value: 'value' }], 1000)
    for (let at = BATCH.records; at < batch.length; at++) {
      for (const change of [1, 2, 127]) {
        const changed = Buffer.from(batch)
        changed[at]! ^= change
        stampBatch(changed, STAMP, 0)
        let read: LogRecord[] = []
        try {
          read = decodeAll(changed).records
        } catch (error) {
          expect(error).toBeInstanceOf(CorruptBatch)
        }
        // Contents may differ, of course; what is read never reaches beyond the batch.
        for (const { key, value } of read) expect((key?.length ?? 0) + (value?.length ?? 0)).toBeLessThan(batch.length)
      }
    }
  })

  it('of 200,000 records come in pieces', () => {
    const value = Buffer.from('0123456789')
    const all = Array.from({ length: 200_000 }, () => ({ topic: 't', partition: 0, key: null, value }))
    const out = Buffer.alloc(8 << 20)
    const { count, bytes: size } = encodeBatch(all, 0, all.length, out, 0, out.length, 0)
    expect(count).toBe(200_000)
    stampBatch(out.subarray(0, size), STAMP, 0)
    const decoder = new BatchDecoder(out.subarray(0, size), 3, [])
    const piece: LogRecord[] = []
    decoder.decode(piece, 1000)
    expect(piece.length).toBeLessThan(100)
    expect(decoder.next).toBe(3 + piece.length)
    while (!decoder.done) decoder.decode(piece, 1 << 20)
    expect(piece).toHaveLength(199_997)
    expect(piece.at(-1)!.offset).toBe(199_999)
  })

  it('number their records round after 2^31', () => {
    expect(sequenceAfter(0x7fffffff, 1)).toBe(0)
    expect(sequenceAfter(0x7ffffff0, 32)).toBe(16)
  })
})
