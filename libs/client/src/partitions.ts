import type { SkipAnswer, SkipInput, SourceAnswer } from '@quorate/contracts'
import { type Caller, segment } from './caller'

/**
 * What operators do with partitions that are stuck. `noted`: it is written down, and the partition does it when it
 * comes to it.
 */
export class Partitions {
  readonly #caller: Caller
  readonly #path: string

  /** @param path of the collection: each part of Quorate has partitions of its own */
  constructor(caller: Caller, path = '/v1/partitions') {
    this.#caller = caller
    this.#path = path
  }

  /**
   * Leaves a record out: one dead letter, and nothing else. A ProblemError `conflict` says that it has been applied
   * already, or is not there yet.
   */
  async skip(partition: number, input: SkipInput): Promise<SkipAnswer> {
    const call = { method: 'POST', path: `${this.#of(partition)}/skip`, body: input }
    return (await this.#caller.json<SkipAnswer>(call)).body
  }

  /** Lets a partition go on with its source as it is now, though that is another log than was applied. */
  async acknowledgeSource(partition: number, topic?: string): Promise<SourceAnswer> {
    const body = topic === undefined ? {} : { topic }
    const call = { method: 'POST', path: `${this.#of(partition)}/acknowledge-source`, body }
    return (await this.#caller.json<SourceAnswer>(call)).body
  }

  #of(partition: number): string {
    return `${this.#path}/${segment(String(partition))}`
  }
}
