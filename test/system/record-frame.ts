/** A record of a batch: offset and time are those of the batch (Kafka protocol, Record). */
export function frame({ key, value }: { readonly key: Buffer; readonly value: Buffer }): Buffer {
  const head = [0, ...varint(0), ...varint(0), ...varint(key.length)]
  const body = Buffer.concat([Buffer.from(head), key, Buffer.from(varint(value.length)), value, Buffer.from(varint(0))])
  return Buffer.concat([Buffer.from(varint(body.length)), body])
}

/** Zigzag, seven bits per byte. */
function varint(value: number): number[] {
  const bytes: number[] = []
  for (let rest = value * 2; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest]
    bytes.push((rest % 128) | 128)
  }
}
