import { writeInt64 } from './int64'

/** Builds a request: Kafka's primitive types one after the other into a buffer that grows. */
export class ByteWriter {
  bytes: Buffer
  at = 0

  constructor(size = 256) {
    this.bytes = Buffer.allocUnsafe(size)
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    if (this.at + count <= this.bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(2 * this.bytes.length, this.at + count))
    this.bytes.copy(larger, 0, 0, this.at)
    this.bytes = larger
  }

  int8(value: number): this {
    this.reserve(1)
    this.at = this.bytes.writeInt8(value, this.at)
    return this
  }

  bool(value: boolean): this {
    return this.int8(value ? 1 : 0)
  }

  int16(value: number): this {
    this.reserve(2)
    this.at = this.bytes.writeInt16BE(value, this.at)
    return this
  }

  int32(value: number): this {
    this.reserve(4)
    this.at = this.bytes.writeInt32BE(value, this.at)
    return this
  }

  int64(value: number): this {
    this.reserve(8)
    writeInt64(this.bytes, this.at, value)
    this.at += 8
    return this
  }

  uvarint(value: number): this {
    this.reserve(5)
    while (value > 127) {
      this.bytes[this.at++] = (value & 127) | 128
      value >>>= 7
    }
    this.bytes[this.at++] = value
    return this
  }

  /** STRING or NULLABLE_STRING of the non-flexible versions. */
  string(value: string | null): this {
    if (value === null) return this.int16(-1)
    const length = Buffer.byteLength(value)
    this.int16(length).reserve(length)
    this.at += this.bytes.write(value, this.at)
    return this
  }

  compactString(value: string | null): this {
    if (value === null) return this.uvarint(0)
    const length = Buffer.byteLength(value)
    this.uvarint(length + 1).reserve(length)
    this.at += this.bytes.write(value, this.at)
    return this
  }

  /** Length of a COMPACT_ARRAY; its elements follow. */
  compactArray(length: number): this {
    return this.uvarint(length + 1)
  }

  raw(value: Uint8Array): this {
    this.reserve(value.length)
    this.bytes.set(value, this.at)
    this.at += value.length
    return this
  }

  /** An empty tag section: ends every structure of a flexible version. */
  tags(): this {
    return this.uvarint(0)
  }
}
