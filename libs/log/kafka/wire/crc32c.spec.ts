import fc from 'fast-check'
import { crc32c } from './crc32c'

function bitByBit(bytes: Uint8Array): number {
  let crc = -1
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  }
  return ~crc >>> 0
}

describe('crc32c', () => {
  // RFC 3720 B.4, and the check value of the CRC catalogues.
  it.each([
    ['32 bytes of 0', Buffer.alloc(32), 0x8a9136aa],
    ['32 bytes of 255', Buffer.alloc(32, 255), 0x62a8ab43],
    ['0 … 31', Buffer.from(Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e],
    ['123456789', Buffer.from('123456789'), 0xe3069283],
    ['nothing', Buffer.alloc(0), 0],
  ])('of %s is the published one', (_, bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected)
  })

  it('of any range of any bytes is what the definition says', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), fc.nat(200), (bytes, a, b) => {
        const [start, end] = [Math.min(a, b, bytes.length), Math.min(Math.max(a, b), bytes.length)]
        expect(crc32c(bytes, start, end)).toBe(bitByBit(bytes.subarray(start, end)))
      }),
    )
  })
})
