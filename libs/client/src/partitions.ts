import { type Caller, segment } from './caller'

export interface SkipInput {
  readonly offset: number
  /** The last offset, where none of them is to be read: for a batch that cannot be read. */
  readonly through?: number
  readonly reason: string
}

/** `noted`: it is written down, and the partition does it when it comes to it. */
export type SkipAnswer =
  | { readonly outcome: 'skipped'; readonly by: string; readonly deadLetter: string }
  | { readonly outcome: 'noted'; readonly position: number | null }

export interface SourceAnswer {
  readonly outcome: 'acknowledged' | 'noted'
  readonly topic: string
  readonly by: string
}

/** What operators do with partitions that do not get on. */
export class Partitions {
  constructor(private readonly caller: Caller) {}

  /** Leaves a record out: one dead letter, and nothing else. A ProblemError `conflict` says that it is applied already, or not there yet. */
  async skip(partition: number, input: SkipInput): Promise<SkipAnswer> {
    return (await this.caller.json<SkipAnswer>({ method: 'POST', path: `${path(partition)}/skip`, body: input })).body
  }

  /** Lets a partition go on with its source as it is now, though that is another log than was applied. */
  async acknowledgeSource(partition: number, topic?: string): Promise<SourceAnswer> {
    const body = topic === undefined ? {} : { topic }
    return (await this.caller.json<SourceAnswer>({ method: 'POST', path: `${path(partition)}/acknowledge-source`, body })).body // prettier-ignore
  }
}

const path = (partition: number) => `/v1/partitions/${segment(String(partition))}`
