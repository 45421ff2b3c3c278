/**
 * Where a stream of states stands: the next offset of each partition of the sink, and when that was. Opaque to callers.
 */
export interface Vector {
  /** ms */
  readonly time: number
  readonly offsets: readonly number[]
}

export const encodeVector = ({ time, offsets }: Vector): string =>
  Buffer.from([time, ...offsets].map((n) => n.toString(36)).join('.')).toString('base64url')

/** undefined for what is none of ours. */
export function decodeVector(id: string): Vector | undefined {
  const text = Buffer.from(id, 'base64url').toString('latin1')
  if (!/^[0-9a-z]{1,11}(\.[0-9a-z]{1,11})+$/.test(text)) return undefined
  const [time, ...offsets] = text.split('.').map((part) => parseInt(part, 36))
  return encodeVector({ time: time!, offsets }) === id ? { time: time!, offsets } : undefined
}
