import type {
  InhibitionInput,
  MatchersInput,
  ReceiverInput,
  RouteInput as RouteDocument,
  SilenceInput,
} from '@quorate/contracts'

/** One or several. */
export type OneOrMore<T> = T | readonly T[]

/** Settings hold secrets by reference. */
export type EndpointDocument = ReceiverInput['endpoints'][number] & {
  /** Not written by anybody: why it cannot be opened as it is stored. */
  readonly fault?: string
}
export type ReceiverDocument = Omit<ReceiverInput, 'endpoints'> & { readonly endpoints: readonly EndpointDocument[] }
export type MatchersDocument = MatchersInput
export type { RouteDocument }
export type SilenceDocument = SilenceInput
export type InhibitionDocument = InhibitionInput

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
