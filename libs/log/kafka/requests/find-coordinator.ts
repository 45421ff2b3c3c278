import type { Request } from './request'

export type CoordinatorKind = 'group' | 'transaction'

export interface Coordinator {
  readonly errorCode: number
  readonly nodeId: number
  readonly host: string
  readonly port: number
}

export const findCoordinator = (kind: CoordinatorKind, key: string): Request<Coordinator> => ({
  name: 'FindCoordinator',
  apiKey: 10,
  version: 3,
  flexible: true,
  write: (writer) =>
    writer
      .compactString(key)
      .int8(kind === 'group' ? 0 : 1)
      .tags(),
  read(reader) {
    reader.int32() // throttle
    const errorCode = reader.int16()
    reader.compactNullableString() // message
    return { errorCode, nodeId: reader.int32(), host: reader.compactString(), port: reader.int32() }
  },
})
