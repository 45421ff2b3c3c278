import { InflatesTooFar } from './inflates-too-far'

// The LZ4 frame format (lz4_Frame_format.md): magic, descriptor, blocks of [uint32 size, bytes], an end mark of 0.

const MAGIC = 0x184d2204
const FLAG = { dictionary: 0x01, contentSize: 0x08, blockChecksum: 0x10 } as const
const UNCOMPRESSED = 0x80000000
/** Bytes of a block at most, by the three bits of the descriptor. */
const BLOCK_SIZES = [0, 0, 0, 0, 64 << 10, 256 << 10, 1 << 20, 4 << 20] as const

/**
 * Checks that a frame is whole and inflates to `maxBytes` at most, without inflating it. Blocks are counted by their
 * largest size first; only where that is too much are they walked through.
 */
export function checkLz4Frame(bytes: Buffer, maxBytes: number): void {
  const frame = blocksOf(bytes)
  if (frame.declared > maxBytes) throw new InflatesTooFar(maxBytes)
  let size = 0
  for (const [start, end, isPlain] of frame.blocks) size += isPlain ? end - start : frame.blockSize
  if (size <= maxBytes) return
  size = 0
  for (const [start, end, isPlain] of frame.blocks) {
    size += isPlain ? end - start : sizeOfBlock(bytes, start, end)
    if (size > maxBytes) throw new InflatesTooFar(maxBytes)
  }
}

type Block = readonly [start: number, end: number, isPlain: boolean]

function blocksOf(bytes: Buffer): { blocks: Block[]; blockSize: number; declared: number } {
  if (bytes.readUInt32LE(0) !== MAGIC) throw new RangeError('not an LZ4 frame')
  const flags = bytes.readUInt8(4)
  const blockSize = BLOCK_SIZES[(bytes.readUInt8(5) >> 4) & 7]!
  if (flags & FLAG.dictionary) throw new RangeError('an LZ4 frame with a dictionary')
  const declared = flags & FLAG.contentSize ? Number(bytes.readBigUInt64LE(6)) : 0
  const blocks: Block[] = []
  for (let at = flags & FLAG.contentSize ? 15 : 7; ;) {
    const word = bytes.readUInt32LE(at)
    if (word === 0) return { blocks, blockSize, declared }
    const start = at + 4
    const end = start + (word & ~UNCOMPRESSED)
    if (end > bytes.length) throw new RangeError('an LZ4 block that ends after its batch')
    blocks.push([start, end, (word & UNCOMPRESSED) !== 0])
    at = flags & FLAG.blockChecksum ? end + 4 : end
  }
}

/** Bytes that a block inflates to: the literals and the matches of its sequences. */
function sizeOfBlock(bytes: Buffer, start: number, end: number): number {
  let size = 0
  let at = start
  const length = (nibble: number, least: number): number => {
    let value = nibble
    if (nibble === 15) {
      let byte = 255
      while (byte === 255 && at < end) value += byte = bytes[at++]!
    }
    return value + least
  }
  while (at < end) {
    const token = bytes[at++]!
    const literals = length(token >> 4, 0)
    size += literals
    at += literals
    if (at >= end) break // the last sequence has literals only
    at += 2
    size += length(token & 15, 4)
  }
  return size
}
