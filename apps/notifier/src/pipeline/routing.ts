import type { State } from '@quorate/contracts'
import type { InhibitionSource, Inhibition } from './inhibitions'
import type { Matchers } from './matchers'
import type { Silence } from './silences'

export type GroupLabel = 'object' | 'policy'

/** When and how a route tells. Durations in seconds. */
export interface RouteTiming {
  readonly groupBy: readonly GroupLabel[]
  /** How long the first change of a group waits for others. */
  readonly groupWait: number
  /** How long after a message the next one of the same group may go. */
  readonly groupInterval: number
  /** How long after a message a state that is not quiet is told again; 0: never. */
  readonly repeatInterval: number
  /** How long an `unknown` must last to be told. */
  readonly unknownAfter: number
  /** States that are not told as long as nothing else has been. */
  readonly quiet: readonly State[]
  /** Changes older than this at their arrival are not told one by one. */
  readonly maxAge: number
}

export const DEFAULT_TIMING: RouteTiming = {
  groupBy: ['object'],
  groupWait: 10,
  groupInterval: 60,
  repeatInterval: 0,
  unknownAfter: 300,
  quiet: ['up', 'ok'],
  maxAge: 3600,
}

/** Every change at once: what `console` and the webhook of a first try have. */
export const AT_ONCE: RouteTiming = { ...DEFAULT_TIMING, groupWait: 0, groupInterval: 0, unknownAfter: 0, quiet: [] }

/** A node of the tree as written; what it does not say it has from its parent. */
export interface RouteInput extends Partial<RouteTiming> {
  /** Names the route in answers; its place in the tree (`0.2`) where absent. */
  readonly name?: string
  readonly match?: Matchers
  readonly receiver?: string
  /** Go on to the next sibling after this one took the change. */
  readonly continue?: boolean
  readonly routes?: readonly RouteInput[]
}

/** One way to reach a receiver: one address, one channel. Its name is part of every delivery id. */
export interface EndpointSettings {
  /** `<receiver>`, `<receiver>/<n>` or `<receiver>/<name>`; unique. */
  readonly name: string
  readonly channel: string
  /** Checked and read by the channel alone. */
  readonly settings: unknown
  /** Why it cannot be opened as it is stored: what it is to be told waits. */
  readonly fault?: string
}

export interface Receiver {
  readonly name: string
  readonly endpoints: readonly EndpointSettings[]
  /** Receiver that is told when an endpoint of this one gives up. */
  readonly fallback?: string
  /** s that an endpoint may fail until the fallback is told; 900. */
  readonly fallbackAfter?: number
}

/** An endpoint that was taken away: what is open there is closed first, for a while. */
export interface RetiredEndpoint extends Pick<EndpointSettings, 'name' | 'channel' | 'settings'> {
  readonly receiver: string
  /** ms; nothing is sent there from then on. */
  readonly until: number
}

/** An endpoint said that it is gone (410). `fingerprint` tells a changed address, which makes the mark void. */
export interface GoneMark {
  /** ms */
  readonly disabledAt: number
  readonly reason: string
  readonly fingerprint: string
}

/** Who is told what: the whole configuration of the pipeline. */
export interface Routing {
  readonly receivers: readonly Receiver[]
  readonly root: RouteInput & { readonly receiver: string }
  readonly silences?: readonly Silence[]
  readonly inhibitions?: readonly Inhibition[]
  /** By inhibition: parents that are bad now. */
  readonly inhibitionSources?: ReadonlyMap<string, InhibitionSource>
  readonly retired?: readonly RetiredEndpoint[]
  /** By endpoint: those to which nothing is sent any more. */
  readonly gone?: ReadonlyMap<string, GoneMark>
}
