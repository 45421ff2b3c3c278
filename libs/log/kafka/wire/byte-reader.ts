import { readInt64 } from './int64'

/** Takes a response apart: Kafka's primitive types one after the other. */
export class ByteReader {
  at = 0

  constructor(readonly bytes: Buffer) {}

  int8(): number {
    return this.bytes.readInt8(this.at++)
  }

  bool(): boolean {
    return this.int8() !== 0
  }

  int16(): number {
    const value = this.bytes.readInt16BE(this.at)
    this.at += 2
    return value
  }

  int32(): number {
    const value = this.bytes.readInt32BE(this.at)
    this.at += 4
    return value
  }

  int64(): number {
    const value = readInt64(this.bytes, this.at)
    this.at += 8
    return value
  }

  uvarint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.bytes.readUInt8(this.at++)
      value |= (byte & 127) << shift
      if (byte < 128) return value >>> 0
    }
    throw new RangeError(`an unsigned varint of more than 5 bytes at byte ${this.at}`)
  }

  string(): string {
    return this.nullableString() ?? ''
  }

  nullableString(): string | null {
    const length = this.int16()
    return length < 0 ? null : this.utf8(length)
  }

  compactString(): string {
    return this.compactNullableString() ?? ''
  }

  compactNullableString(): string | null {
    const length = this.uvarint() - 1
    return length < 0 ? null : this.utf8(length)
  }

  uuid(): string {
    return this.take(16).toString('base64url')
  }

  array<T>(element: (reader: this) => T): T[] {
    return this.elements(this.int32(), element)
  }

  compactArray<T>(element: (reader: this) => T): T[] {
    return this.elements(this.uvarint() - 1, element)
  }

  take(length: number): Buffer {
    if (this.at + length > this.bytes.length)
      throw new RangeError(`${length} bytes wanted at ${this.at}, too few are left`)
    const value = this.bytes.subarray(this.at, this.at + length)
    this.at += length
    return value
  }

  /** Passes over a tag section, or hands each tag to `seen` (which may read its bytes). */
  tags(seen?: (tag: number, content: ByteReader) => void): void {
    for (let count = this.uvarint(); count > 0; count--) {
      const tag = this.uvarint()
      const content = this.take(this.uvarint())
      seen?.(tag, new ByteReader(content))
    }
  }

  private utf8(length: number): string {
    return this.take(length).toString('utf8')
  }

  private elements<T>(length: number, element: (reader: this) => T): T[] {
    const values: T[] = []
    for (let i = 0; i < length; i++) values.push(element(this))
    return values
  }
}
