/** How values of a key-value table are written. */
export interface ValueCodec<V> {
  encode(value: V): Buffer
  /** Throws for bytes that are no value; such a record is skipped, logged and counted, and the value before it stays. */
  decode(bytes: Buffer): V
}

/** JSON values, as UTF-8. */
export const jsonCodec = <V>(): ValueCodec<V> => ({
  encode: (value) => Buffer.from(JSON.stringify(value)),
  decode: (bytes) => JSON.parse(bytes.toString('utf8')) as V,
})
