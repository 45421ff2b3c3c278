// CRC-32C (Castagnoli, RFC 3720 B.4), reflected polynomial, 16 bytes a step: Node's zlib.crc32 has the other
// polynomial.
const POLYNOMIAL = 0x82f63b78

/**
 * Table n, from n · 256 on, moves a byte past n others. One array and four words a step: a third less time than 16
 * tables and 16 bytes.
 */
const TABLE = new Int32Array(16 * 256)
for (let byte = 0; byte < 256; byte++) {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
  TABLE[byte] = crc
}
for (let at = 256; at < TABLE.length; at++) {
  const before = TABLE[at - 256]!
  TABLE[at] = (before >>> 8) ^ TABLE[before & 255]!
}

/** CRC-32C of `bytes[start, end)` as an unsigned 32-bit number. */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length): number {
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let crc = -1
  let i = start
  for (const last = end - 16; i <= last; i += 16) {
    const a = words.getInt32(i, true) ^ crc
    const b = words.getInt32(i + 4, true)
    const c = words.getInt32(i + 8, true)
    const d = words.getInt32(i + 12, true)
    crc =
      TABLE[0xf00 + (a & 255)]! ^
      TABLE[0xe00 + ((a >>> 8) & 255)]! ^
      TABLE[0xd00 + ((a >>> 16) & 255)]! ^
      TABLE[0xc00 + (a >>> 24)]! ^
      TABLE[0xb00 + (b & 255)]! ^
      TABLE[0xa00 + ((b >>> 8) & 255)]! ^
      TABLE[0x900 + ((b >>> 16) & 255)]! ^
      TABLE[0x800 + (b >>> 24)]! ^
      TABLE[0x700 + (c & 255)]! ^
      TABLE[0x600 + ((c >>> 8) & 255)]! ^
      TABLE[0x500 + ((c >>> 16) & 255)]! ^
      TABLE[0x400 + (c >>> 24)]! ^
      TABLE[0x300 + (d & 255)]! ^
      TABLE[0x200 + ((d >>> 8) & 255)]! ^
      TABLE[0x100 + ((d >>> 16) & 255)]! ^
      TABLE[d >>> 24]!
  }
  for (; i < end; i++) crc = TABLE[(crc ^ bytes[i]!) & 255]! ^ (crc >>> 8)
  return ~crc >>> 0
}
