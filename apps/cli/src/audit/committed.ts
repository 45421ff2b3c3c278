import { changelogKey, type Checkpoint, type PartitionStore } from '@quorate/state-store'
import type { Log } from '@quorate/log'
import {
  AGGREGATOR_TABLES,
  evidenceKey,
  inconsistencies,
  type Inconsistency,
  ObjectReader,
  type ReadObject,
  readReshard,
  TABLE,
} from '@quorate/engine/core'
import type { Rules, Settings } from '@quorate/vote'
import { stretches, type Stretch } from '../simulate/source-topic'
import { CannotJudge } from './difference'
import { evidenceMark } from './evident-state'
import { restoredRows } from './restored-rows'

/** A partition according to its changelog: the state that a new owner would start with. Close it when done. */
export class CommittedPartition {
  readonly #reader: ObjectReader
  readonly #tables = (name: string) => this.#store.committed(name)

  readonly #store: PartitionStore
  readonly #offsets: ReadonlyMap<string, number>

  private constructor(
    store: PartitionStore,
    offsets: ReadonlyMap<string, number>,
    /** The next source offset to apply; undefined: nothing has been committed. */
    readonly checkpoint: Checkpoint | undefined,
    rules: Rules,
  ) {
    this.#store = store
    this.#offsets = offsets
    this.#reader = new ObjectReader(rules)
  }

  static async read(log: Log, stretch: Stretch, rules: Rules): Promise<CommittedPartition> {
    const { store, offsets, checkpoint } = await restoredRows(log, stretch, AGGREGATOR_TABLES, 1)
    return new CommittedPartition(store, offsets, checkpoint, rules)
  }

  /** The base of objects created here (vote.md 7): base and offset give an incarnation. */
  get incarnationBase(): number {
    return readReshard(this.#store.committed(TABLE.settings))?.base ?? 0
  }

  settings(): Settings {
    try {
      return this.#reader.settings(this.#tables)
    } catch (error) {
      throw new CannotJudge(
        `A policy of the changelog cannot be read here: ${error instanceof Error ? error.message : String(error)}`,
      )
    }
  }

  *ids(): Iterable<string> {
    for (const { key } of this.#store.committed(TABLE.object).range()) yield key
  }

  /** Returns a string with the reason if the rows cannot be read. */
  read(id: string): ReadObject | undefined | string {
    try {
      return this.#reader.read(this.#tables, id)
    } catch (error) {
      return `unreadable: ${error instanceof Error ? error.message : String(error)}`
    }
  }

  /** A hash of an agent's evidence; undefined if there is no row, or none that can be read. */
  evidenceMark(id: string, agent: string): string | undefined {
    const value = this.#tables(TABLE.evidence).get(evidenceKey(id, agent))
    try {
      return value && evidenceMark(JSON.parse(value.toString('utf8')))
    } catch {
      return undefined
    }
  }

  /** The stored changes of an object, newest first. */
  history(read: ReadObject) {
    return this.#reader.history(this.#tables, read)
  }

  /** Rows that contradict each other, whatever the source contains. */
  inconsistencies(rules: Rules): Iterable<Inconsistency> {
    return inconsistencies(this.#tables, rules)
  }

  view(read: ReadObject) {
    return this.#reader.view(read)
  }

  /** Offset of an object's row in the changelog. */
  offsetOf(id: string): { readonly kept?: number } {
    const kept = this.#offsets.get(changelogKey(TABLE.object, id))
    return kept === undefined ? {} : { kept }
  }

  close(): void {
    this.#store.close()
  }
}

export async function changelogStretch(log: Log, topic: string, partition: number): Promise<Stretch> {
  const [stretch] = await stretches(log, topic, partition)
  if (stretch === undefined) throw new CannotJudge(`${topic} has no partition ${partition}.`)
  return stretch
}
