import type { Config } from '@quorate/config'
import { createStreams, type Streams, type StreamsOptions } from '@quorate/streams'

/** What the settings of a process say of its membership. */
export type MemberConfig = Pick<Config, 'dataDir' | 'replication' | 'standbys' | 'acknowledgedSource'>

type Program = Pick<StreamsOptions, 'topology' | 'processor' | 'work' | 'log' | 'logger' | 'version'> &
  Required<Pick<StreamsOptions, 'handle'>>

export interface MemberOptions extends Program {
  readonly config: MemberConfig
  /** Where peers reach this instance. */
  readonly url: () => string
}

/** The streams of an application, as a member of its group. */
export function createMember({ config, url, ...program }: MemberOptions): Streams {
  const { dataDir, replication, standbys, acknowledgedSource } = config
  return createStreams({
    ...program,
    ...{ dataDir, replication, standbys, acknowledgedSource },
    // The port is known only once the process listens, which is before streams starts.
    get url() {
      return url()
    },
  })
}
