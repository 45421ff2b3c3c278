import { gzipSync, zstdCompressSync } from 'node:zlib'
import { compressFrameSync } from 'lz4-napi'
import { compress } from 'snappyjs'
import type { OutRecord } from '../../src'
import { encodeBatch } from '../wire/batch-encoder'
import { BATCH, LENGTH_FROM } from '../wire/batch-layout'
import { CODECS } from '../wire/compression'
import { crc32c } from '../wire/crc32c'
import { writeInt64 } from '../wire/int64'

export type Codec = (typeof CODECS)[number]

const PACK: Record<Codec, (bytes: Buffer) => Buffer> = {
  none: (bytes) => bytes,
  gzip: (bytes) => gzipSync(bytes),
  snappy: (bytes) => compress(bytes),
  lz4: (bytes) => compressFrameSync(bytes),
  zstd: (bytes) => zstdCompressSync(bytes),
}

/** What a batch says of itself; its records are `content`, valid or not. */
export interface BatchClaims {
  readonly baseOffset?: number
  readonly count: number
  readonly lastOffsetDelta?: number
  readonly codec?: number
  readonly attributes?: number
  readonly timestamp?: number
}

/** A batch with a right checksum around any bytes. */
export function batchAround(content: Buffer, claims: BatchClaims): Buffer {
  const batch = Buffer.concat([Buffer.alloc(BATCH.records), content])
  writeInt64(batch, BATCH.baseOffset, claims.baseOffset ?? 0)
  batch.writeInt32BE(batch.length - LENGTH_FROM, BATCH.length)
  batch[BATCH.magic] = 2
  batch.writeInt16BE((claims.codec ?? 0) | (claims.attributes ?? 0), BATCH.attributes)
  batch.writeInt32BE(claims.lastOffsetDelta ?? claims.count - 1, BATCH.lastOffsetDelta)
  writeInt64(batch, BATCH.baseTimestamp, claims.timestamp ?? 0)
  writeInt64(batch, BATCH.maxTimestamp, claims.timestamp ?? 0)
  writeInt64(batch, BATCH.producerId, -1)
  batch.writeInt16BE(-1, BATCH.producerEpoch)
  batch.writeInt32BE(-1, BATCH.baseSequence)
  batch.writeInt32BE(claims.count, BATCH.count)
  batch.writeUInt32BE(crc32c(batch, BATCH.attributes), BATCH.crc)
  return batch
}

/** Records as they lie in a batch, without its header. */
export function recordBytes(records: readonly Pick<OutRecord, 'key' | 'value'>[]): Buffer {
  const all = records.map((record) => ({ topic: '', partition: 0, ...record }))
  const size = records.reduce(
    (sum, { key, value }) => sum + (key?.length ?? 0) * 3 + (value?.length ?? 0) * 3 + 40,
    100,
  )
  const out = Buffer.alloc(size)
  const { count, bytes } = encodeBatch(all, 0, all.length, out, 0, size, 0)
  if (count !== records.length) throw new Error('too small a buffer')
  return out.subarray(BATCH.records, bytes)
}

export const packed = (codec: Codec, bytes: Buffer): Buffer => PACK[codec](bytes)

export function compressedBatch(codec: Codec, content: Buffer, claims: BatchClaims): Buffer {
  return batchAround(packed(codec, content), { ...claims, codec: CODECS.indexOf(codec) })
}

/** A batch of one record that inflates to `bytes` zeros and a little. */
export const bomb = (codec: Codec, bytes: number, baseOffset = 0): Buffer =>
  compressedBatch(codec, Buffer.alloc(bytes), { baseOffset, count: 1 })
