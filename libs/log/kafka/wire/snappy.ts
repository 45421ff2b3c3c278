import { uncompress } from 'snappyjs'
import { InflatesTooFar } from './inflates-too-far'

// Java's snappy streams are a 16-byte header (magic, version, compatible version) and chunks of [int32 length, raw
// snappy block]; librdkafka and others write one raw block.
const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
const XERIAL_HEADER = 16

/**
 * No element of the format makes more of its bytes: a copy of 64 bytes takes 3. A block that declares more is not what
 * it says.
 */
const MOST_PER_BYTE = 22

/**
 * Either of the two framings; `maxBytes` bounds what comes out, and a block's declared size is judged before anything
 * is allocated.
 */
export function uncompressSnappy(bytes: Buffer, maxBytes: number): Buffer {
  return isXerial(bytes) ? uncompressXerial(bytes, maxBytes) : uncompressBlock(bytes, maxBytes)
}

const isXerial = (bytes: Buffer): boolean => bytes.length >= XERIAL_HEADER && bytes.subarray(0, 8).equals(XERIAL_MAGIC)

function uncompressXerial(bytes: Buffer, maxBytes: number): Buffer {
  const blocks: Buffer[] = []
  let left = maxBytes
  for (let at = XERIAL_HEADER; at < bytes.length;) {
    const length = bytes.readInt32BE(at)
    const start = at + 4
    if (length < 0 || start + length > bytes.length) throw new RangeError('a snappy block that ends outside its batch')
    at = start + length
    const block = uncompressBlock(bytes.subarray(start, at), left)
    left -= block.length
    blocks.push(block)
  }
  return Buffer.concat(blocks)
}

function uncompressBlock(bytes: Buffer, maxBytes: number): Buffer {
  const declared = declaredSize(bytes)
  if (declared > maxBytes) throw new InflatesTooFar(maxBytes)
  if (declared > MOST_PER_BYTE * bytes.length)
    throw new RangeError('a snappy block that declares more than it can hold')
  return uncompress(bytes, maxBytes)
}

/** The varint at a block's beginning. */
function declaredSize(bytes: Buffer): number {
  let value = 0
  for (let i = 0; i < 5; i++) {
    const byte = bytes.readUInt8(i)
    value += (byte & 127) * 2 ** (7 * i)
    if (byte < 128) return value
  }
  throw new RangeError('a snappy block without a size')
}
