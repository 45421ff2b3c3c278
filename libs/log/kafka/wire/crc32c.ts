// CRC-32C (Castagnoli, RFC 3720 B.4), reflected polynomial, 16 bytes a step: Node's zlib.crc32 has the other polynomial.
const POLYNOMIAL = 0x82f63b78

const TABLES: Uint32Array[] = [new Uint32Array(256)]
for (let byte = 0; byte < 256; byte++) {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
  TABLES[0]![byte] = crc
}
for (let slice = 1; slice < 16; slice++) {
  const before = TABLES[slice - 1]!
  TABLES.push(before.map((crc) => (crc >>> 8) ^ TABLES[0]![crc & 255]!))
}
const [T0, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13, T14, T15] = TABLES as [
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
]

/** CRC-32C of `bytes[start, end)` as an unsigned 32-bit number. */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let crc = -1
  let i = start
  for (const last = end - 16; i <= last; i += 16) {
    crc ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24)
    crc =
      T15[crc & 255]! ^
      T14[(crc >>> 8) & 255]! ^
      T13[(crc >>> 16) & 255]! ^
      T12[crc >>> 24]! ^
      T11[bytes[i + 4]!]! ^
      T10[bytes[i + 5]!]! ^
      T9[bytes[i + 6]!]! ^
      T8[bytes[i + 7]!]! ^
      T7[bytes[i + 8]!]! ^
      T6[bytes[i + 9]!]! ^
      T5[bytes[i + 10]!]! ^
      T4[bytes[i + 11]!]! ^
      T3[bytes[i + 12]!]! ^
      T2[bytes[i + 13]!]! ^
      T1[bytes[i + 14]!]! ^
      T0[bytes[i + 15]!]!
  }
  for (; i < end; i++) crc = T0[(crc ^ bytes[i]!) & 255]! ^ (crc >>> 8)
  return ~crc >>> 0
}
