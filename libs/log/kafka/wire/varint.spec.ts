import fc from 'fast-check'
import { sizeOfInt, sizeOfLong, VarintCursor } from './varint'

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
const int53 = fc.oneof(fc.integer({ min: -(2 ** 52) + 1, max: 2 ** 52 - 1 }), int32)

/** Kafka's ByteUtils as it is written there, on BigInt. */
function zigzagBytes(value: number): number[] {
  let rest = BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n))
  const bytes: number[] = []
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
  return [...bytes, Number(rest)]
}

describe('varints', () => {
  it('are written as the zigzag coding says', () => {
    fc.assert(
      fc.property(int53, (value) => {
        const cursor = new VarintCursor(new Uint8Array(10))
        cursor.writeLong(value)
        expect([...cursor.bytes.subarray(0, cursor.at)]).toEqual(zigzagBytes(value))
        expect(sizeOfLong(value)).toBe(cursor.at)
      }),
    )
  })

  it('of 32 bits are the same bytes', () => {
    fc.assert(
      fc.property(int32, (value) => {
        const cursor = new VarintCursor(new Uint8Array(5))
        cursor.writeInt(value)
        expect([...cursor.bytes.subarray(0, cursor.at)]).toEqual(zigzagBytes(value))
        expect(sizeOfInt(value)).toBe(cursor.at)
      }),
    )
  })

  it('are read back one after the other', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(int32, int53)), (pairs) => {
        const cursor = new VarintCursor(new Uint8Array(15 * pairs.length))
        for (const [int, long] of pairs) {
          cursor.writeInt(int)
          cursor.writeLong(long)
        }
        const end = cursor.at
        cursor.at = 0
        expect(pairs.map(() => [cursor.readInt(), cursor.readLong()])).toEqual(pairs)
        expect(cursor.at).toBe(end)
      }),
    )
  })

  it('that never end are refused', () => {
    const cursor = new VarintCursor(new Uint8Array(20).fill(255))
    expect(() => cursor.readInt()).toThrow('more than 5 bytes')
    cursor.at = 0
    expect(() => cursor.readLong()).toThrow('more than 10 bytes')
  })
})
