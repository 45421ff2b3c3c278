import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { decompressFrameSync } from 'lz4-napi'
import { uncompress } from 'snappyjs'

/** Attribute bits 0–2 of a record batch (Kafka protocol, RecordBatch). */
export const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const

/** The records of a compressed batch. `codec` is the number in the batch's attributes. */
export function decompress(codec: number, bytes: Buffer): Buffer {
  switch (CODECS[codec]) {
    case 'gzip':
      return gunzipSync(bytes)
    case 'snappy':
      return isXerial(bytes) ? uncompressXerial(bytes) : uncompress(bytes)
    case 'lz4':
      return decompressFrameSync(bytes)
    case 'zstd':
      return zstdDecompressSync(bytes)
    default:
      throw new RangeError(`compression ${codec} is none that this format knows`)
  }
}

// Java's snappy streams are a 16-byte header (magic, version, compatible version) and chunks of [int32 length, raw snappy block];
// librdkafka and others write one raw block.
const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
const XERIAL_HEADER = 16

const isXerial = (bytes: Buffer): boolean => bytes.length >= XERIAL_HEADER && bytes.subarray(0, 8).equals(XERIAL_MAGIC)

function uncompressXerial(bytes: Buffer): Buffer {
  const blocks: Buffer[] = []
  for (let at = XERIAL_HEADER; at < bytes.length;) {
    const start = at + 4
    const end = start + bytes.readInt32BE(at)
    if (end > bytes.length) throw new RangeError('a snappy block that ends after its batch')
    blocks.push(uncompress(bytes.subarray(start, end)))
    at = end
  }
  return Buffer.concat(blocks)
}
