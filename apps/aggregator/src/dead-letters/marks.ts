import { Problem } from '@quorate/http'
import { LogError } from '@quorate/log'
import type { KeyValueTable } from '@quorate/state-store'
import { type Mark, MARKS, positionOf } from '@quorate/engine/core'

/** Marks of records that have left the topic, taken away in one go. */
const MAX_DELETED = 100

const keyOf = (offset: number): string => `${MARKS}${positionOf(offset)}`

/** What was done with dead letters: in the settings, and here what could not be written there yet. */
export class Marks {
  constructor(
    private readonly table: KeyValueTable<Mark>,
    private readonly unwritten: Map<number, Mark>,
  ) {}

  of(offset: number): Mark | undefined {
    return this.table.get(keyOf(offset)) ?? this.unwritten.get(offset)
  }

  /** @throws LogError */
  put(offset: number, mark: Mark): Promise<void> {
    return this.table.put(keyOf(offset), mark)
  }

  /** Of what has been done already: this instance at least will not do it again, and writes it at the next occasion. */
  hold(offset: number, mark: Mark): void {
    this.unwritten.set(offset, mark)
  }

  /** @throws Problem 409 for what has been replayed or dropped */
  refuse(offset: number): void {
    const done = this.of(offset)
    if (!done) return
    const where = done.position === undefined ? '' : ` to ${done.position}`
    throw new Problem(
      'conflict',
      `The dead letter ${positionOf(offset)} was ${done.done}${where} by ${done.by} at ${done.at}. Nothing was done.`,
    )
  }

  /**
   * Writes what could not be written before, and takes the marks of records away that retention has taken. What fails
   * comes at the next time.
   */
  async upkeep(start: number): Promise<void> {
    try {
      for (const [offset, mark] of this.unwritten) {
        if (offset >= start && !this.table.has(keyOf(offset))) await this.put(offset, mark)
        this.unwritten.delete(offset)
      }
      const gone = [...this.table.entries()]
        .map(([key]) => key)
        .filter((key) => key.startsWith(MARKS) && Number(key.split('@')[1]) < start)
      for (const key of gone.slice(0, MAX_DELETED)) await this.table.delete(key)
    } catch (error) {
      if (!(error instanceof LogError)) throw error
    }
  }
}
