import type { ProblemPlace } from './problem-error'
/** One or several. */
type OneOrMore<T> = T | readonly T[]

/** What a change must be; absent ones take everything. */
export interface MatchersInput {
  /** Globs: `*` any characters but `/`, `**` any; `\*` an asterisk, `\\` a backslash. */
  readonly object?: OneOrMore<string>
  readonly state?: OneOrMore<string>
  /** The state before; null before the first. */
  readonly from?: OneOrMore<string | null>
  readonly cause?: OneOrMore<string>
  readonly policy?: OneOrMore<string>
}

export interface ReceiverInput {
  /** How long an endpoint may fail until the fallback is told: `15m`. */
  readonly fallbackAfter?: string | number
  /** Receiver that is told when an endpoint of this one gives up. */
  readonly fallback?: string
  readonly endpoints: readonly {
    readonly name?: string
    readonly channel: string
    readonly settings?: Readonly<Record<string, unknown>>
  }[]
}

export interface ReceiverAnswer {
  readonly name: string
  readonly configured: boolean
  readonly fallback: string | null
  readonly endpoints: readonly {
    readonly name: string
    readonly channel: string
    /** What may be told of it: no secret. */
    readonly settings: Readonly<Record<string, unknown>>
    readonly waiting: number
    /** Deliveries in the outboxes of the instance that was asked. */
    readonly depth: number
    readonly oldest: string | null
    /** Since when nothing has been taken there. */
    readonly failingSince: string | null
    readonly underWay: number
    readonly circuit: 'closed' | 'open'
    readonly refusal: string | null
  }[]
  /** Of what is stored: endpoints that are at fault wait. */
  readonly faults?: readonly ProblemPlace[]
}

/** A stored entry that does not pass. */
export interface LeftOutEntry {
  readonly name: string
  readonly faults: readonly ProblemPlace[]
}

export interface TestedEndpoint {
  readonly endpoint: string
  readonly message: 'alarm' | 'recovery'
  /** `delivered`, or why not. */
  readonly outcome: string
  readonly status?: number
  readonly excerpt?: string
  /** What else there is to know: a template that failed. */
  readonly note?: string
  /** What can be done where it was not delivered. */
  readonly remedy?: string
}

/** A node of the tree; durations such as `10s`, `5m`, `off`. */
export interface RouteInput {
  readonly name?: string
  readonly match?: MatchersInput
  readonly receiver?: string
  readonly continue?: boolean
  readonly groupBy?: readonly ('object' | 'policy')[]
  readonly groupWait?: string | number
  readonly groupInterval?: string | number
  readonly repeatInterval?: string | number
  readonly unknownAfter?: string | number
  readonly maxAge?: string | number
  readonly quiet?: readonly string[]
  readonly routes?: readonly RouteInput[]
}

export interface RoutesAnswer {
  readonly configured: boolean
  readonly root: RouteInput
  /** Of what is stored: routes that are left out. */
  readonly faults?: readonly ProblemPlace[]
}

/** A change that might come. */
export interface RouteChange {
  readonly object: string
  readonly state: string | null
  readonly from?: string | null
  readonly cause?: string
  readonly policy?: string
  readonly flapping?: boolean
  /** What the receivers were last told of it. */
  readonly told?: string | null
}

export interface RouteTrial {
  readonly receiver: string
  readonly route: string
  readonly via: readonly { readonly route: string; readonly match: MatchersInput }[]
  readonly endpoints: readonly { readonly name: string; readonly channel: string }[]
  readonly decision: 'sent' | 'held' | 'suppressed'
  readonly reason: string | null
  /** `silence/<id>`, `inhibition/<name>` */
  readonly by: string | null
  /** s */
  readonly heldFor: number | null
}

export interface SilenceInput {
  readonly match: MatchersInput
  /** RFC 3339 */
  readonly startsAt: string
  readonly endsAt: string
  readonly author: string
  readonly comment: string
}

export interface SilenceAnswer extends SilenceInput {
  readonly id: string
  readonly status: 'pending' | 'active' | 'ended'
}

export interface SilencePreview {
  readonly items: readonly { readonly object: string; readonly state: string; readonly waiting: boolean }[]
  readonly total: number
  readonly complete: boolean
  readonly missing: readonly { readonly partition: number; readonly reason: string }[]
}

export interface InhibitionInput {
  readonly parent: string
  readonly states?: readonly string[]
  readonly dependants: OneOrMore<string>
}

export interface InhibitionAnswer {
  readonly name: string
  readonly parent: string
  readonly states: readonly string[]
  readonly dependants: readonly string[]
  readonly active: boolean
}

export interface DeliveryFilter {
  readonly object?: string
  readonly receiver?: string
  /** `sent`, `held`, `suppressed`, `suppressed: quiet`, `gathered`, `pending`, `delivered`, `dead`, `dropped` */
  readonly status?: string
  readonly limit?: number
  readonly cursor?: string
}

/** One decision, and what became of it. */
export interface Delivery {
  readonly id: string
  readonly object: string
  readonly event: string
  readonly time: string
  readonly state: string | null
  readonly previous: string | null
  readonly receiver: string
  readonly route: string | null
  readonly endpoint: string | null
  readonly channel: string | null
  /** `sent`, `held: <reason>`, `suppressed: <reason>` */
  readonly decision: string
  readonly status: string
  readonly reason: string | null
  readonly by: string | null
  readonly within: string | null
  readonly decidedAt: string
  readonly attempts: number
  readonly nextAttemptAt: string | null
  readonly lastAttempt: { readonly at: string; readonly outcome: string; readonly status?: number; readonly excerpt?: string } | null // prettier-ignore
}

export interface DeliveriesPage {
  readonly items: readonly Delivery[]
  /** What waits or is being made, by endpoint. */
  readonly outbox: readonly { readonly endpoint: string; readonly depth: number; readonly oldest: string | null }[]
  readonly next?: string
  readonly complete: boolean
  readonly missing: readonly { readonly partition: number; readonly reason: string }[]
}
