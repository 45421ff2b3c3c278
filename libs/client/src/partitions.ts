import type { SkipAnswer, SkipInput, SourceAnswer } from '@quorate/contracts'
import { type Caller, segment } from './caller'

/** What operators do with partitions that are stuck. `noted`: it is written down, and the partition does it when it comes to it. */
export class Partitions {
  readonly #caller: Caller

  constructor(caller: Caller) {
    this.#caller = caller
  }

  /**
   * Leaves a record out: one dead letter, and nothing else. A ProblemError `conflict` says that it has been applied already, or is not there yet.
   */
  async skip(partition: number, input: SkipInput): Promise<SkipAnswer> {
    return (await this.#caller.json<SkipAnswer>({ method: 'POST', path: `${path(partition)}/skip`, body: input })).body
  }

  /** Lets a partition go on with its source as it is now, though that is another log than was applied. */
  async acknowledgeSource(partition: number, topic?: string): Promise<SourceAnswer> {
    const body = topic === undefined ? {} : { topic }
    const call = { method: 'POST', path: `${path(partition)}/acknowledge-source`, body }
    return (await this.#caller.json<SourceAnswer>(call)).body
  }
}

const path = (partition: number) => `/v1/partitions/${segment(String(partition))}`
