import type { TopicSpec } from '@quorate/log'
import type { TableSpec } from '@quorate/state-store'
import type { OutputName } from './context'

/** A stream program as a value: every topic, key and table of an application can be read in one literal. */
export interface Topology {
  /**
   * `aggregator`, `notifier`, …: names the group, the changelog and the transactional ids (docs/architecture.md,
   * "Topics").
   */
  readonly applicationId: string
  /** `<prefix>.<application id>`. */
  readonly group: string
  /** Topic whose partitions are shared out, one task each. */
  readonly source: string
  /** Topics that the processor forwards to, by logical name. */
  readonly outputs: Readonly<Record<OutputName, string>>
  readonly changelog: string
  readonly tables: readonly TableSpec[]
  /** Output topic that no other application may write to as well; goes with `settings`. */
  readonly soleWriterOf?: string
  /** Topic in which operators tell the tasks something (instructions.ts); one of `topics`. */
  readonly settings?: string
  /** Rises with every change of the rows' layout: stores of another version are rebuilt from the changelog. */
  readonly schemaVersion: number
  /** Topics to create or verify at the start. */
  readonly topics: readonly TopicSpec[]
  /**
   * Where `nextDue` counts: in `log` time a task is punctuated when it is at its source's head, and a punctuation whose
   * tick came back with an earlier append time waits for the difference; in `wall` time it is punctuated at once.
   */
  readonly clock: 'log' | 'wall'
}
