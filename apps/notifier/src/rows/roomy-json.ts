import { LIMITS } from '@quorate/contracts'
import { deflateRawSync, inflateRawSync } from 'node:zlib'

/** Begins a row that is compressed. JSON never begins with it. */
const COMPRESSED = 0x01
/** Bytes of JSON that a row may be inflated to: what lies in a changelog may come from anybody. */
const MAX_INFLATED = 16 * LIMITS.rowBytes

/**
 * JSON, compressed only where it would not fit in a row. Rows that grow with the configuration (what each receiver was
 * last told of an object) repeat themselves, so they fit by far.
 */
export function encodeRoomy(value: unknown): Buffer {
  const json = Buffer.from(JSON.stringify(value))
  return json.length <= LIMITS.rowBytes ? json : Buffer.concat([Buffer.of(COMPRESSED), deflateRawSync(json)])
}

export function decodeRoomy(bytes: Buffer): unknown {
  const json = bytes[0] === COMPRESSED ? inflateRawSync(bytes.subarray(1), { maxOutputLength: MAX_INFLATED }) : bytes
  return JSON.parse(json.toString('utf8'))
}
