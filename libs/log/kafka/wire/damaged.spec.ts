import fc from 'fast-check'
import type { LogRecord } from '../../src'
import { batchAround, bomb, type Codec, compressedBatch, packed, recordBytes } from '../testing/batches'
import { BatchDecoder, CorruptBatch, type InflationLimits, offsetAfterBatches } from './batch-decoder'
import { BATCH } from './batch-layout'
import { CODECS } from './compression'

const LIMITS: InflationLimits = { bytes: 64 << 10, far: 1 << 20 }
const COMPRESSIONS = ['gzip', 'snappy', 'lz4', 'zstd'] as const
const NAMES = ['none', ...COMPRESSIONS] as const

const good = (baseOffset: number, ...values: string[]): Buffer =>
  batchAround(recordBytes(values.map((value) => ({ key: null, value }))), { baseOffset, count: values.length })

function read(bytes: Buffer, limits = LIMITS, from = 0): { records: LogRecord[]; next: number } {
  const decoder = new BatchDecoder(bytes, from, [], limits)
  const records: LogRecord[] = []
  while (!decoder.done) {
    decoder.mayInflateFar = decoder.inflatesFar
    // As a reader does: what is handed out at once is of one leadership.
    const piece: LogRecord[] = []
    decoder.decode(piece, 1000)
    records.push(...piece)
  }
  return { records, next: decoder.next }
}

/** Values of records, and what is said of those that are damaged. */
const told = ({ records }: { records: LogRecord[] }) =>
  records.map(({ value, damaged }) =>
    damaged ? `${damaged.first}-${damaged.last}: ${damaged.reason}` : value!.toString(),
  )

describe('a batch that inflates too far', () => {
  it.each(COMPRESSIONS)('is passed over by its offsets (%s), and those around it are read', (codec) => {
    const bytes = Buffer.concat([good(0, 'a', 'b'), bomb(codec, (1 << 20) + 1, 2), good(3, 'c')])
    const { records, next } = read(bytes)
    expect(next).toBe(4)
    expect(records.map(({ value, damaged }) => damaged ?? value!.toString())).toEqual([
      'a',
      'b',
      {
        first: 2,
        last: 2,
        codec,
        bytes: bomb(codec, (1 << 20) + 1).length,
        transactional: false,
        count: 1,
        reason: 'it inflates to more than 1048576 bytes',
      },
      'c',
    ])
    expect(records[2]).toMatchObject({ offset: 2, key: null, value: null })
  })

  it.each(COMPRESSIONS)(
    'takes no more memory than the bound (%s), be it 300 MB',
    (codec) => {
      const bytes = bomb(codec, 300_000_000)
      const far = 8 << 20
      let most = 0
      const before = process.memoryUsage().rss
      for (let i = 0; i < 5; i++) {
        expect(read(bytes, { bytes: 1 << 20, far }).records[0]!.damaged?.reason).toBe(
          `it inflates to more than ${far} bytes`,
        )
        most = Math.max(most, process.memoryUsage().rss - before)
      }
      expect(most).toBeLessThan(100_000_000)
    },
    60_000,
  )

  it.each(COMPRESSIONS)('is read when it inflates to exactly the bound (%s)', (codec) => {
    const value = Buffer.alloc(70_000, 'x')
    const content = recordBytes([{ key: 'k', value }])
    const bytes = compressedBatch(codec, content, { count: 1 })
    const limits = { bytes: 1000, far: content.length }
    expect(read(bytes, limits).records[0]!.value).toEqual(value)
    expect(told(read(bytes, { ...limits, far: content.length - 1 }))).toEqual([
      `0-0: it inflates to more than ${content.length - 1} bytes`,
    ])
  })

  it('waits for leave to inflate beyond the first bound', () => {
    const value = Buffer.alloc(100_000, 'x')
    const bytes = Buffer.concat([
      good(0, 'a'),
      compressedBatch('zstd', recordBytes([{ key: null, value }]), { baseOffset: 1, count: 1 }),
      good(2, 'b'),
    ])
    const decoder = new BatchDecoder(bytes, 0, [], LIMITS)
    const records: LogRecord[] = []
    decoder.decode(records)
    expect(records).toHaveLength(1)
    expect(decoder).toMatchObject({ inflatesFar: true, done: false, next: 1 })
    decoder.mayInflateFar = true
    decoder.decode(records)
    expect(records).toHaveLength(3)
    expect(decoder).toMatchObject({ inflatesFar: false, mayInflateFar: false, done: true, next: 3 })
  })

  it('is lz4 of many small blocks that claim the largest size, and is read when they are small', () => {
    const block = Buffer.from([2, 0, 0, 0x80, 65, 66]) // "AB", not compressed
    const frame = packed('lz4', Buffer.from('x'))
    const header = Buffer.from(frame.subarray(0, 7))
    const bytes = Buffer.concat([header, ...Array.from({ length: 1000 }, () => block), Buffer.alloc(4)])
    // No records: what counts is that it was inflated, and found to be none.
    expect(told(read(batchAround(bytes, { count: 1, codec: 3 })))[0]).not.toMatch(/inflates/)
  })
})

const RECORD = recordBytes([{ key: 'k', value: 'v' }])

describe('a batch whose checksum is right and whose records are not', () => {
  const withHeaders = (...tail: number[]) => Buffer.from([2 * (5 + tail.length), 0, 0, 0, 1, 1, ...tail])
  it.each<[string, Buffer, { count?: number; lastOffsetDelta?: number; codec?: number }, RegExp]>([
    ['has no bytes for its records', Buffer.alloc(0), {}, /ends outside/],
    ['ends in a varint', Buffer.from([255, 255]), {}, /ends outside/],
    ['has a varint without an end', Buffer.alloc(30, 255), {}, /varint/],
    ['has a record of negative length', Buffer.from([1, 0, 0, 0]), {}, /ends outside/],
    ['has a record longer than itself', Buffer.from([100, 0, 0, 0, 0]), {}, /ends outside/],
    ['has a record of length 0', Buffer.from([0, 0, 0]), {}, /ends outside/],
    ['has a key longer than its record', Buffer.from([12, 0, 0, 0, 120, 1, 0]), {}, /as long as it says/],
    ['has a billion headers', withHeaders(0x80, 0xa8, 0xd6, 0xb9, 0x07), {}, /1000000000 headers/],
    ['has -1 headers', withHeaders(1), {}, /-1 headers/],
    ['has a header with a negative name', withHeaders(2, 1, 1), {}, /header/],
    ['has a header with a name beyond it', withHeaders(2, 20, 1), {}, /header/],
    ['has headers that go round in circles', withHeaders(4, 1, 1, 1, 1), {}, /header/],
    ['claims a negative number of records', RECORD, { count: -5, lastOffsetDelta: 0 }, /claims -5/],
    ['claims more records than it has', RECORD, { count: 3 }, /ends outside/],
    ['has an offset beyond its last', Buffer.from([14, 0, 0, 10, 2, 107, 2, 118]), {}, /out of order/],
    ['has an unknown compression', RECORD, { codec: 7 }, /compression 7/],
    ['has a negative snappy chunk', Buffer.concat([Buffer.from('82534e41505059000000000100000001', 'hex'), Buffer.from([255, 255, 255, 252])]), { codec: 2 }, /snappy/], // prettier-ignore
    ['has a snappy block that declares 100 MB', Buffer.from([0x80, 0xc2, 0xd7, 0x2f, 0]), { codec: 2 }, /inflates/],
    ['has a snappy block that declares what cannot be', Buffer.from([0x80, 0x80, 0x04, 0]), { codec: 2 }, /declares/],
    ['has a truncated lz4 frame', packed('lz4', RECORD).subarray(0, -6), { codec: 3 }, /./],
    ['has an lz4 frame of a terabyte, it says', Buffer.from('04224d186840000000000001000000000000000000', 'hex'), { codec: 3 }, /inflates/], // prettier-ignore
    ['has a truncated gzip stream', packed('gzip', RECORD).subarray(0, -9), { codec: 1 }, /./],
    ['has a truncated zstd frame', packed('zstd', RECORD).subarray(0, -3), { codec: 4 }, /./],
  ])('%s: it is passed over', (_what, content, claims, reason) => {
    const batch = batchAround(content, { baseOffset: 10, count: 1, ...claims })
    const bytes = Buffer.concat([good(8, 'a', 'b'), batch, good(20, 'c')])
    const said = told(read(bytes))
    expect(said.at(0)).toBe('a')
    expect(said.at(-1)).toBe('c')
    expect(said.find((line) => line.startsWith('1'))).toMatch(reason)
    expect(read(bytes).next).toBe(21)
    expect(offsetAfterBatches(bytes, 0)).toBe(21)
  })

  it('hands out the records before the fault, and names the others', () => {
    const content = Buffer.concat([recordBytes([1, 2, 3].map((i) => ({ key: null, value: `${i}` }))), Buffer.from([1])])
    const bytes = batchAround(content, { baseOffset: 100, count: 5 })
    expect(told(read(bytes))).toEqual(['1', '2', '3', '103-104: a record ends outside its batch'])
    expect(told(read(bytes, LIMITS, 102))).toEqual(['3', '103-104: a record ends outside its batch'])
    expect(told(read(bytes, LIMITS, 104))).toEqual(['104-104: a record ends outside its batch'])
  })

  it('claims records for which it has no offsets: none is missing', () => {
    const bytes = Buffer.concat([batchAround(RECORD, { count: 4, lastOffsetDelta: 0 }), good(1, 'b')])
    expect(told(read(bytes))).toEqual(['v', 'b'])
  })

  it('has a last offset before its first: reading goes on behind the first', () => {
    const bytes = Buffer.concat([batchAround(RECORD, { count: 1, lastOffsetDelta: -10 }), good(1, 'b')])
    expect(offsetAfterBatches(bytes, 0)).toBe(2)
    expect(told(read(bytes))).toEqual(['v', 'b'])
  })
})

describe('any bytes in a batch', () => {
  const codec = fc.integer({ min: 0, max: 7 })
  const noise = fc.uint8Array({ maxLength: 400 }).map((array) => Buffer.from(array))
  const valid = fc
    .array(fc.record({ key: fc.option(fc.string()), value: fc.option(fc.string({ maxLength: 200 })) }), {
      maxLength: 20,
    })
    .map((records) => recordBytes(records))
  const mangled = fc
    .tuple(
      valid,
      fc.constantFrom<Codec>(...NAMES),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 }),
      fc.nat(),
    )
    .map(([content, name, changes, cut]) => {
      const bytes = Buffer.from(packed(name, content))
      for (const [at, byte] of changes) if (bytes.length > 0) bytes[at % bytes.length] = byte
      return { bytes: cut % 3 === 0 ? bytes.subarray(0, cut % (bytes.length + 1)) : bytes, codec: CODECS.indexOf(name) }
    })
  const content = fc.oneof(mangled, fc.record({ bytes: noise, codec }))
  const claims = fc.record({
    count: fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer()),
    lastOffsetDelta: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: -10, max: 1000 })),
    attributes: fc.constantFrom(0, 8, 16, 24),
  })

  it('leave the batches around it as they were, and take no more memory than they may', () => {
    const limits = { bytes: 4096, far: 65_536 }
    fc.assert(
      fc.property(content, claims, ({ bytes, codec: number }, claimed) => {
        const batch = batchAround(bytes, { ...claimed, codec: number, baseOffset: 10 })
        const last = 10 + Math.max(0, claimed.lastOffsetDelta)
        const { records, next } = read(Buffer.concat([good(9, 'before'), batch, good(last + 1, 'after')]), limits)
        expect(next).toBe(last + 2)
        expect(records[0]!.value!.toString()).toBe('before')
        expect(records.at(-1)!.value!.toString()).toBe('after')
        const between = records.slice(1, -1)
        const size = between.reduce((sum, { key, value }) => sum + (key?.length ?? 0) + (value?.length ?? 0), 0)
        expect(size).toBeLessThanOrEqual(Math.max(limits.far, bytes.length))
        expect(between.filter(({ damaged }) => damaged).length).toBeLessThanOrEqual(1)
        // In order, each offset once.
        for (let i = 1; i < records.length; i++) expect(records[i]!.offset).toBeGreaterThan(records[i - 1]!.offset)
      }),
      {
        numRuns: Number(process.env.QUORATE_FUZZ_RUNS ?? 500),
      },
    )
  }, 600_000)

  it('throw nothing but CorruptBatch, wherever a whole answer was changed', () => {
    const whole = Buffer.concat([good(0, 'a', 'b'), bomb('zstd', 5000, 2), good(3, 'c'), bomb('lz4', 5000, 4)])
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        (changes) => {
          const bytes = Buffer.from(whole)
          for (const [at, byte] of changes) bytes[at] = byte
          try {
            read(bytes)
          } catch (error) {
            expect(error).toBeInstanceOf(CorruptBatch)
          }
          expect(offsetAfterBatches(bytes, 0)).toBeGreaterThanOrEqual(0)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('of a transaction marker are never guessed', () => {
    const marker = batchAround(Buffer.from([1, 2, 3]), { count: 1, attributes: 0x20 })
    expect(() => read(marker)).toThrow(CorruptBatch)
    expect(BATCH.records).toBe(61)
  })
})
