const HIGH = 0x100000000

/** A big-endian int64 as a double: exact between ±2^53, which offsets, timestamps and producer ids never leave. */
export function readInt64(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * HIGH + bytes.readUInt32BE(at + 4)
}

export function writeInt64(bytes: Buffer, at: number, value: number): void {
  const high = Math.floor(value / HIGH)
  bytes.writeInt32BE(high, at)
  bytes.writeUInt32BE(value - high * HIGH, at + 4)
}
