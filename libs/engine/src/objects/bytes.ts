/**
 * A compact binary format for rows: counts and times as varints (up to 2^53), strings as UTF-8 with a length prefix.
 * One writer for the whole process: everything here is synchronous, and a new buffer per row would cost more than
 * writing its bytes.
 */
const SIZE = 3
let out = Buffer.allocUnsafeSlow(1 << 16)
let at = 0

function reserve(bytes: number): void {
  if (at + bytes <= out.length) return
  const larger = Buffer.allocUnsafeSlow(Math.max(out.length * 2, at + bytes))
  out.copy(larger, 0, 0, at)
  out = larger
}

export function begin(): void {
  at = 0
}

/** Bytes written since `begin`. */
export const writePosition = (): number => at

/** Reserves room for the size of what follows; `closeSize` fills it in. */
export function openSize(): number {
  reserve(SIZE)
  at += SIZE
  return at
}

export function closeSize(opened: number): void {
  out.writeUIntLE(at - opened, opened - SIZE, SIZE)
}

/** Appends bytes that were written before. */
export function writeBytes(bytes: Buffer, start = 0, end = bytes.length): void {
  reserve(end - start)
  bytes.copy(out, at, start, end)
  at += end - start
}

/** A copy of what was written since `begin`. */
export function written(): Buffer {
  const copy = Buffer.allocUnsafe(at)
  out.copy(copy, 0, 0, at)
  return copy
}

/** An integer from 0 to 2^53−1. */
export function writeNumber(value: number): void {
  if (at + 8 > out.length) reserve(8)
  let rest = value
  while (rest > 0x7fffffff) {
    out[at++] = (rest % 128) | 128
    rest = Math.floor(rest / 128)
  }
  while (rest > 127) {
    out[at++] = (rest & 127) | 128
    rest >>>= 7
  }
  out[at++] = rest
}

const SHORT = 64

export function writeText(text: string): void {
  const { length } = text
  if (length <= SHORT) {
    reserve(length + 1)
    const start = at
    out[at++] = length
    let i = 0
    for (; i < length; i++) {
      const unit = text.charCodeAt(i)
      if (unit > 127) break
      out[at++] = unit
    }
    if (i === length) return
    at = start
  }
  const bytes = Buffer.byteLength(text)
  writeNumber(bytes)
  reserve(bytes)
  at += out.write(text, at)
}

/**
 * Texts that occur in nearly every row, encoded as one byte: saves a sixth of all bytes. Their order is part of the
 * layout.
 */
const WORDS = ['unknown', 'vote', 'report', 'majority', 'default', 'deadline', 'ordered', 'threshold', 'quorum-lost']

/** A text that is probably one of `WORDS`. */
export function writeWord(text: string): void {
  const place = WORDS.indexOf(text) + 1
  writeNumber(place)
  if (place === 0) writeText(text)
}

export function readWord(): string {
  const place = readNumber()
  return place === 0 ? readText() : WORDS[place - 1]!
}

/** Reads in the order of writing. */
let source: Buffer = out
let from = 0

export function beginRead(bytes: Buffer, position = 0): void {
  source = bytes
  from = position
}

export const readPosition = (): number => from

/** Skips a section with a size prefix and returns where it begins. */
export function skip(): number {
  const start = from + SIZE
  from = start + source.readUIntLE(from, SIZE)
  return start
}

export function readNumber(): number {
  let byte = source[from++]!
  if (byte < 128) return byte
  let value = byte & 127
  let factor = 128
  do {
    byte = source[from++]!
    value += (byte & 127) * factor
    factor *= 128
  } while (byte > 127)
  return value
}

/**
 * Recently read ASCII strings, by a hash of their bytes: agents and states repeat, and an existing string costs no
 * allocation. Only ASCII, because otherwise the bytes of one text may equal the UTF-16 units of another.
 */
const met = new Array<string | undefined>(8192)

export function readText(): string {
  const length = readNumber()
  const end = from + length
  if (length > SHORT) return longText(end)
  let hash = length
  let bits = 0
  for (let i = from; i < end; i++) {
    const byte = source[i]!
    bits |= byte
    hash = (Math.imul(hash, 31) + byte) | 0
  }
  if (bits > 127) return longText(end)
  const slot = hash & 8191
  const known = met[slot]
  if (known !== undefined && known.length === length && isText(known)) {
    from = end
    return known
  }
  return (met[slot] = longText(end))
}

/** Both are ASCII. The hash only chose the slot, so each byte is compared. */
function isText(known: string): boolean {
  for (let i = 0; i < known.length; i++) if (known.charCodeAt(i) !== source[from + i]) return false
  return true
}

function longText(end: number): string {
  const text = source.toString('utf8', from, end)
  from = end
  return text
}
