// Zigzag varints of the record format (signed, least significant group first). A cursor instead of [value, next] pairs:
// these run five times a record, and a pair would be an allocation each time.

/** Reads and writes varints at `at`, moving it. */
export class VarintCursor {
  at = 0

  constructor(public bytes: Uint8Array = new Uint8Array(0)) {}

  /** A 32-bit zigzag varint: 1–5 bytes. */
  readInt(): number {
    const bytes = this.bytes
    let byte = bytes[this.at++]!
    if (byte < 128) return (byte >>> 1) ^ -(byte & 1)
    let value = byte & 127
    let shift = 7
    do {
      if (shift > 28) throw new RangeError('a varint of more than 5 bytes')
      byte = bytes[this.at++]!
      value |= (byte & 127) << shift
      shift += 7
    } while (byte > 127)
    return (value >>> 1) ^ -(value & 1)
  }

  /** A 64-bit zigzag varint as a double: 1–10 bytes, exact between ±2^52. */
  readLong(): number {
    const bytes = this.bytes
    let byte = bytes[this.at++]!
    if (byte < 128) return (byte >>> 1) ^ -(byte & 1)
    let value = byte & 127
    let factor = 128
    do {
      if (factor > 2 ** 63) throw new RangeError('a varint of more than 10 bytes')
      byte = bytes[this.at++]!
      value += (byte & 127) * factor
      factor *= 128
    } while (byte > 127)
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2
  }

  writeInt(value: number): void {
    const bytes = this.bytes
    let rest = ((value << 1) ^ (value >> 31)) >>> 0
    while (rest > 127) {
      bytes[this.at++] = (rest & 127) | 128
      rest >>>= 7
    }
    bytes[this.at++] = rest
  }

  writeLong(value: number): void {
    const bytes = this.bytes
    let rest = value < 0 ? -2 * value - 1 : 2 * value
    while (rest > 127) {
      bytes[this.at++] = (rest % 128) | 128
      rest = Math.floor(rest / 128)
    }
    bytes[this.at++] = rest
  }
}

/** Bytes that `writeInt` takes. */
export function sizeOfInt(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0
  return zigzag < 0x80 ? 1 : zigzag < 0x4000 ? 2 : zigzag < 0x200000 ? 3 : zigzag < 0x10000000 ? 4 : 5
}

/** Bytes that `writeLong` takes. */
export function sizeOfLong(value: number): number {
  let rest = value < 0 ? -2 * value - 1 : 2 * value
  let size = 1
  while (rest > 127) {
    size++
    rest = Math.floor(rest / 128)
  }
  return size
}
