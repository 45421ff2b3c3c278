import type { BulkAnswer, WireView } from '@quorate/contracts'

export type {
  AgentAnswer,
  AgentInput,
  AgentStanding,
  AgentTrial,
  BulkAnswer,
  BulkReport,
  ClusterAnswer,
  DeadLetter,
  DeadLetterCut,
  DeadLetterMark,
  DeletedObject,
  Explanation,
  History,
  HistoryItem as HistoryEntry,
  MissingPartition,
  NextStep,
  ObjectPage,
  ObserversEvent,
  OverrideInput,
  PolicyAnswer,
  PolicyTrial,
  ReportInput,
  SkipAnswer,
  SkipInput,
  SourceAnswer,
  Standing,
  Trial,
  TriedObject,
  WholeDeadLetter,
} from '@quorate/contracts'

/** The public view of an object as REST shows it (docs/spec/vote.md, 8; docs/spec/rest.md, "Times"). */
export type ObjectView = WireView

/** Where an answer came from, and how old it may be (docs/spec/rest.md). */
export interface Freshness {
  readonly partition: number
  readonly owner: string
  readonly role: string
  /** The last source offset that the answer knows of. */
  readonly position: string
  /** Records that the answer does not know of yet; undefined where that is not known. */
  readonly lag: number | undefined
  /** The partition's time. */
  readonly asOf: string
}

export interface ObjectAnswer {
  readonly view: ObjectView
  /** Send it as `ifMatch` with a write, to change only what you have seen. */
  readonly etag: string
  readonly freshness: Freshness
}

/** What a write returns: with `position` (`0@17, 3@5`) a later read waits for it. */
export type Written = Pick<BulkAnswer, 'position'>
export interface WrittenObject extends Written {
  /** Absent when the write was not waited for, or the object is gone. */
  readonly view?: ObjectView
}
