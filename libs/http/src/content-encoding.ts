import type { FastifyRequest } from 'fastify'
import { Readable, type Transform } from 'node:stream'
import {
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createZstdDecompress,
  type ZlibOptions,
} from 'node:zlib'
import { Problem } from './problem'

const CHUNK: Pick<ZlibOptions, 'chunkSize'> = { chunkSize: 64 * 1024 }
/** A window of 8 MiB, the most that RFC 9659 lets a sender use. */
const ZSTD_WINDOW_LOG = 23

const DECODERS: Readonly<Record<string, () => Decoder>> = {
  gzip: () => createGunzip(CHUNK),
  'x-gzip': () => createGunzip(CHUNK),
  deflate: () => createInflate(CHUNK),
  br: () => createBrotliDecompress(CHUNK),
  zstd: () => createZstdDecompress({ ...CHUNK, params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG } }),
}
export const ENCODINGS = 'gzip, br, zstd, deflate'

/**
 * How many bytes one compressed byte may become once there are more than `FREE_BYTES`. JSON of reports shrinks to a
 * tenth or a fiftieth; what goes far beyond is made to keep this instance busy.
 */
const MAX_RATIO = 200
const FREE_BYTES = 1024 * 1024

const CHARSET = /;\s*charset\s*=\s*("[^"]*"|[^;\s]*)/i

/** @throws Problem 415 for a charset other than UTF-8 */
export function checkCharset(request: FastifyRequest): void {
  const charset = CHARSET.exec(request.headers['content-type'] ?? '')?.[1]
    ?.replaceAll('"', '')
    .toLowerCase()
  if (charset === undefined || charset === 'utf-8' || charset === 'utf8') return
  throw new Problem('unsupported-media-type', `Nothing was written: the charset is ${charset}; send UTF-8.`)
}

/**
 * The body as it was before it was compressed. Chunks come as they are decompressed, so memory is bounded by the
 * reader's pace.
 * @throws Problem 415 for an encoding that is not one of `ENCODINGS`. The stream fails with a Problem where the bytes
 * are not of that encoding
 */
export function decoded(request: FastifyRequest, payload: Readable): Readable {
  const encoding = request.headers['content-encoding']?.trim().toLowerCase()
  if (encoding === undefined || encoding === '' || encoding === 'identity') return payload
  const create = Object.hasOwn(DECODERS, encoding) ? DECODERS[encoding] : undefined
  if (create === undefined)
    throw new Problem(
      'unsupported-media-type',
      `Nothing was written: the Content-Encoding ${JSON.stringify(encoding)} is not supported. Use one of ${ENCODINGS}, or none.`,
      { headers: { 'accept-encoding': ENCODINGS } },
    )
  return decompressed(payload, create())
}

type Decoder = Transform & { readonly bytesWritten: number }

function decompressed(payload: Readable, decoder: Decoder): Readable {
  const body = Readable.from(chunksOf(payload, decoder))
  // A reader that has left hears nothing; the error must not count as unhandled.
  return body.on('error', () => undefined)
}

async function* chunksOf(payload: Readable, decoder: Decoder): AsyncGenerator<Buffer> {
  const endEarly = () => void decoder.destroy(new Problem('malformed', 'The body ended early.'))
  const onClose = () => void (payload.readableEnded || endEarly())
  payload.once('error', endEarly).once('close', onClose)
  // By hand: a pipeline would destroy the request when decoding fails, and with it the answer.
  payload.pipe(decoder)
  let given = 0
  try {
    for await (const chunk of decoder as AsyncIterable<Buffer>) {
      given += chunk.length
      if (given > FREE_BYTES && given > decoder.bytesWritten * MAX_RATIO) throw bomb()
      yield chunk
    }
  } catch (error) {
    throw error instanceof Problem ? error : notEncoded(error as Error)
  } finally {
    payload.off('error', endEarly).off('close', onClose).unpipe(decoder)
    // What still comes is read and thrown away, so that the answer can be sent.
    payload.resume()
  }
}

const bomb = () =>
  new Problem(
    'too-large',
    `Nothing was written: the body grows to more than ${MAX_RATIO} times its compressed size. Compress less in one request.`,
    { headers: { connection: 'close' } },
  )

const notEncoded = (cause: Error) =>
  new Problem('malformed', `Nothing was written: the body is not what its Content-Encoding says (${cause.message}).`, {
    headers: { connection: 'close' },
    cause,
  })
