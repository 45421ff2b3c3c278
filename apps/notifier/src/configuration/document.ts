/** A duration as people write it: `10s`, `5m`, `1h`, `2d`, `500ms`, a number of seconds; `off` is 0. */
export type Duration = string | number
/** One or several. */
export type OneOrMore<T> = T | readonly T[]

export interface EndpointDocument {
  /** Part of the endpoint's name, `<receiver>/<name>`; its number where absent. */
  readonly name?: string
  /** Number of one without a name: given when it is written, and kept wherever it moves in the list. */
  readonly id?: number
  readonly channel: string
  /** As the channel says; secrets by reference. */
  readonly settings?: Readonly<Record<string, unknown>>
  /** Not written by anybody: why it cannot be opened as it is stored. */
  readonly fault?: string
}

export interface ReceiverDocument {
  readonly fallback?: string
  /** How long an endpoint may fail until the fallback is told; 15 min. */
  readonly fallbackAfter?: Duration
  readonly endpoints: readonly EndpointDocument[]
}

export interface MatchersDocument {
  readonly object?: OneOrMore<string>
  readonly state?: OneOrMore<string>
  readonly from?: OneOrMore<string | null>
  readonly cause?: OneOrMore<string>
  readonly policy?: OneOrMore<string>
}

export interface RouteDocument {
  readonly name?: string
  readonly match?: MatchersDocument
  readonly receiver?: string
  readonly continue?: boolean
  readonly groupBy?: readonly ('object' | 'policy')[]
  readonly groupWait?: Duration
  readonly groupInterval?: Duration
  readonly repeatInterval?: Duration
  readonly unknownAfter?: Duration
  readonly maxAge?: Duration
  readonly quiet?: readonly string[]
  readonly routes?: readonly RouteDocument[]
}

export interface SilenceDocument {
  readonly match: MatchersDocument
  /** RFC 3339 */
  readonly startsAt: string
  /** RFC 3339 */
  readonly endsAt: string
  readonly author: string
  readonly comment: string
}

export interface InhibitionDocument {
  readonly parent: string
  /** Of the parent; `[down]` where absent. */
  readonly states?: readonly string[]
  readonly dependants: OneOrMore<string>
}

/** Everything that can be configured of the notifier, by name. */
export interface NotifyDocument {
  readonly receivers: ReadonlyMap<string, ReceiverDocument>
  /** The root of the tree. */
  readonly routes?: RouteDocument
  readonly silences: ReadonlyMap<string, SilenceDocument>
  readonly inhibitions: ReadonlyMap<string, InhibitionDocument>
}

/** The same as it is written, unchecked. */
export interface Written {
  readonly receivers: ReadonlyMap<string, unknown>
  readonly routes?: unknown
  readonly silences: ReadonlyMap<string, unknown>
  readonly inhibitions: ReadonlyMap<string, unknown>
}

export const NOTHING: NotifyDocument = { receivers: new Map(), silences: new Map(), inhibitions: new Map() }
