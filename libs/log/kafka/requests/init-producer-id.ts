import type { Request } from './request'

export interface ProducerIdentity {
  readonly producerId: number
  readonly epoch: number
}

/** A producer id, and for a transactional id a new epoch, which fences the last holder. */
export const initProducerId = (
  transactionalId: string | null,
  transactionTimeoutMs: number,
): Request<ProducerIdentity & { readonly errorCode: number }> => ({
  name: 'InitProducerId',
  apiKey: 22,
  version: 4,
  flexible: true,
  write: (writer) => writer.compactString(transactionalId).int32(transactionTimeoutMs).int64(-1).int16(-1).tags(),
  read(reader) {
    reader.int32() // throttle
    return { errorCode: reader.int16(), producerId: reader.int64(), epoch: reader.int16() }
  },
})
