import type { Request } from './request'

export interface ApiVersions {
  readonly errorCode: number
  /** Levels that the cluster has finally agreed on, e.g. `transaction.version`. */
  readonly features: ReadonlyMap<string, number>
}

const FINALIZED_FEATURES = 2

/**
 * What the cluster can do. Version 3 is the first with finalized features; its answer, alone of all, has no header
 * tags.
 */
export const apiVersions: Request<ApiVersions> = {
  name: 'ApiVersions',
  apiKey: 18,
  version: 3,
  flexible: true,
  write: (writer) => writer.compactString('quorate').compactString('1').tags(),
  read(reader) {
    const errorCode = reader.int16()
    const features = new Map<string, number>()
    if (errorCode !== 0) return { errorCode, features }
    reader.compactArray(() => {
      reader.take(6) // key, least and greatest version
      reader.tags()
    })
    reader.int32() // throttle
    reader.tags((tag, content) => {
      if (tag !== FINALIZED_FEATURES) return
      content.compactArray(() => {
        const name = content.compactString()
        features.set(name, content.int16())
        content.int16() // least level
        content.tags()
      })
    })
    return { errorCode, features }
  },
}
