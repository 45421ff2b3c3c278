import { constants, gunzipSync, zstdDecompressSync } from 'node:zlib'
import { decompressFrameSync } from 'lz4-napi'
import { InflatesTooFar } from './inflates-too-far'
import { checkLz4Frame } from './lz4-frame'
import { uncompressSnappy } from './snappy'

/** Attribute bits 0–2 of a record batch (Kafka protocol, RecordBatch). */
export const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const

/**
 * zstd's own default for decoders, and what its highest level declares. The memory is reserved, and used as far as
 * there is content.
 */
const ZSTD_WINDOW_LOG = 27

/**
 * The records of a compressed batch. `codec` is the number in the batch's attributes. Never makes more than `maxBytes`
 * of them.
 * @throws InflatesTooFar, or any other error for bytes that are not what the codec writes
 */
export function decompress(codec: number, bytes: Buffer, maxBytes: number): Buffer {
  switch (CODECS[codec]) {
    case 'gzip':
      return bounded(maxBytes, () => gunzipSync(bytes, { maxOutputLength: maxBytes }))
    case 'snappy':
      return uncompressSnappy(bytes, maxBytes)
    case 'lz4':
      checkLz4Frame(bytes, maxBytes)
      return decompressFrameSync(bytes)
    case 'zstd':
      return bounded(maxBytes, () =>
        zstdDecompressSync(bytes, {
          maxOutputLength: maxBytes,
          params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG },
        }),
      )
    default:
      throw new RangeError(`compression ${codec} is none that this format knows`)
  }
}

function bounded(maxBytes: number, inflate: () => Buffer): Buffer {
  try {
    return inflate()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw new InflatesTooFar(maxBytes)
    throw error
  }
}
