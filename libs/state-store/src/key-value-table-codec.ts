/** How values of a key-value table are written. */
export interface ValueCodec<V> {
  encode(value: V): Buffer
  /**
   * Throws for bytes that are no value of this key; such a record is skipped, logged and counted, and the value before
   * it stays.
   */
  decode(bytes: Buffer, key: string): V
}

/** JSON values, as UTF-8. */
export const jsonCodec = <V>(): ValueCodec<V> => ({
  encode: (value) => Buffer.from(JSON.stringify(value)),
  decode: (bytes) => JSON.parse(bytes.toString('utf8')) as V,
})

/**
 * JSON of the shape that its key asks for: others may write to the topic, and what they write must not be taken for
 * ours. `fits` is asked for every key; values of keys that the reader does not use may pass.
 */
export const checkedJson = <V>(fits: (value: unknown, key: string) => boolean): ValueCodec<V> => {
  const plain = jsonCodec<V>()
  return {
    encode: (value) => plain.encode(value),
    decode: (bytes, key) => {
      const value = plain.decode(bytes, key)
      if (!fits(value, key)) throw new TypeError('the value is not of the shape that its key asks for')
      return value
    },
  }
}
