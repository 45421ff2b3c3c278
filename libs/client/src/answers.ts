import type { Cause, PolicyInput, State, TallyRest, WireView } from '@quorate/contracts'

/** The public view of an object as REST shows it (vote.md 8, rest.md "Times"). */
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

/** What a write answers: `position` (`0@17, 3@5`) makes a later read wait for it. */
export interface Written {
  readonly position: string
}
export interface WrittenObject extends Written {
  /** Absent when the write was not waited for, or the object is gone. */
  readonly view?: ObjectView
}

export interface MissingPartition {
  readonly partition: number
  readonly reason: string
}

export interface ObjectPage {
  readonly items: readonly ObjectView[]
  /** Absent on the last page. */
  readonly next?: string
  /** False when partitions could not answer, or rows cannot be read; `missing` and `unreadable` name them. */
  readonly complete: boolean
  readonly missing: readonly MissingPartition[]
  /** Objects that are left out since their stored rows cannot be read; the first 100. */
  readonly unreadable?: readonly string[]
}

export type Standing = 'counted' | 'expired' | 'abstained' | 'muted' | 'observer' | 'outsider'

export interface AgentStanding {
  readonly agent: string
  readonly state: State
  readonly seq?: number | null
  /** ms since the report was appended. */
  readonly age: number
  /** ms until the report expires; negative once it has. */
  readonly expiresIn: number
  /** ms that the report lasts. */
  readonly ttl: number
  /** The policy that lets it last less long than it says itself. */
  readonly ttlCappedBy: string | null
  readonly weight: number
  readonly group?: string | null
  readonly standing: Standing
  readonly evidence?: unknown
}

export interface Explanation {
  /** What is in force: of the override while there is one, else voted. */
  readonly state: State
  readonly voted: State
  readonly override: ObjectView['override']
  readonly agents: readonly AgentStanding[]
  readonly tally: Readonly<Record<State, number>>
  /** What the tally leaves out where there are more than 64 states. */
  readonly tallyRest?: TallyRest
  readonly participants: number
  readonly electorate: number
  readonly quorum: number
  readonly rule: string | null
  readonly winner: State | null
  /** The fewest participants whose changed vote would change the winner; null: none do, or it is not told. */
  readonly margin: number | null
  /** What wins but is not confirmed yet. */
  readonly candidate: State | null
  readonly candidateSince: string | null
  /** When it becomes the voted state if nothing breaks its run. */
  readonly candidateDue: string | null
  readonly nextDeadline: string | null
  /** What happens at `nextDeadline`, if nothing arrives before. */
  readonly next: string | null
  readonly policy: string
  /** Why the policy's rule cannot decide, so that the last state is held; null: it can, or is not asked. */
  readonly ruleFault: {
    readonly reason: 'rule-not-registered' | 'rule-failed'
    readonly method: string
    readonly detail: string
    readonly since: string | null
  } | null
}

export interface HistoryEntry {
  readonly at: string
  readonly version: number
  readonly state: State
  readonly from: State | null
  readonly cause: Cause | null
  readonly tally: Readonly<Record<State, number>>
  readonly tallyRest?: TallyRest
  /** Who set or cleared the override, and why; only where that is the cause. */
  readonly author?: string | null
  readonly reason?: string | null
  readonly [member: string]: unknown
}

/** A report as it is sent by HTTP: times in ms or RFC 3339. */
export interface ReportInput {
  readonly state: State
  readonly seq?: number
  readonly session?: string
  /** ms */
  readonly ttl?: number
  readonly observedAt?: number | string
  readonly evidence?: unknown
}
export interface BulkReport extends ReportInput {
  readonly object: string
  readonly agent: string
}

export interface BulkAnswer extends Written {
  readonly accepted: number
  /** `index` counts from the first report given. */
  readonly rejected: readonly { readonly index: number; readonly reason: string }[]
}

export interface OverrideInput {
  readonly state: State
  readonly reason: string
  /** ms since 1970, or RFC 3339. */
  readonly expiresAt: number | string
  readonly mode?: 'pin' | 'until-agree'
}

/** Settings of an agent; absent from a list: weight 1, not muted. */
export interface AgentAnswer {
  readonly agent: string
  readonly weight: number
  readonly muted: boolean
}

/** An object that a policy or an agent's settings would change at once. */
export interface TriedObject {
  readonly object: string
  readonly partition: number
  readonly type: 'object.changed' | 'object.updated' | 'object.deleted'
  readonly before: ObjectView
  /** null: it would be gone. */
  readonly after: ObjectView | null
}

/** What settings would do if they were written now; nothing was. */
export interface Trial {
  /** Objects looked at; those whose state, or only a mark, would be another, and those that would go. */
  readonly evaluated: number
  readonly changed: number
  readonly updated: number
  readonly deleted: number
  /** The first of them by id, at most 1,000; `unlisted`: how many more there are. */
  readonly items: readonly TriedObject[]
  readonly unlisted: number
  /** False when partitions could not answer, or rows cannot be read; `missing` and `unreadable` name them. */
  readonly complete: boolean
  readonly missing: readonly MissingPartition[]
}
export interface PolicyTrial extends Trial {
  /** As it would be in force, with its defaults. */
  readonly policy: PolicyAnswer
}
export interface AgentTrial extends Trial {
  readonly agent: AgentAnswer
}

export type PolicyAnswer = PolicyInput & Readonly<Record<string, unknown>>
