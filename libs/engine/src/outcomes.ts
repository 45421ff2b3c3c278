import type { Applied } from '@quorate/vote'

/** Outcomes kept per partition. */
const KEPT = 4096

/**
 * The effects of operators' commands, by their position. The writer of a command reads its outcome here, once the
 * partition's position has passed it. In memory: an outcome that is no longer here is unknown, not lost.
 */
export class Outcomes {
  readonly #byPartition = new Map<number, Map<number, Applied>>()

  note(partition: number, offset: number, applied: Applied): void {
    let outcomes = this.#byPartition.get(partition)
    if (outcomes === undefined) this.#byPartition.set(partition, (outcomes = new Map<number, Applied>()))
    outcomes.set(offset, applied)
    if (outcomes.size > KEPT) outcomes.delete(outcomes.keys().next().value!)
  }

  of(partition: number, offset: number): Applied | undefined {
    return this.#byPartition.get(partition)?.get(offset)
  }
}
