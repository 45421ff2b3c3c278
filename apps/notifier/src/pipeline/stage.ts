import type { HoldingCause } from './cause'
import type { Inhibitions } from './inhibitions'
import type { News, LastNotified } from './news'
import type { Route } from './route'
import type { Silences } from './silences'

/**
 * Why something was not sent, or not yet: reaches the answer of `/v1/deliveries` and the metrics' label. docs list
 * exactly these.
 */
export const REASONS = {
  'already-told': 'the receiver was last notified of this state',
  'never-told': 'the object is gone, and the receiver was never notified of it',
  quiet: 'a quiet state, and the receiver was notified of nothing else before',
  'not-routed': 'no route leads this change to the receiver any more, and nothing is open there',
  'no-change': 'this state already waits to be sent',
  superseded: 'a later change is sent instead',
  rerouted: 'the route that held it has changed or is gone; the current routes judge it again',
  'receiver-removed': 'the receiver is no longer configured: what is open there could not be closed',
  'endpoint-removed': 'the endpoint is no longer configured: what is open there could not be closed',
  flapping: 'the object flaps: sent once at the start, and once when it has settled',
  silenced: 'a silence matches it',
  inhibited: "an object that it depends on is bad, and that object's message names it",
  lasting: 'an unknown is sent only if it lasts (unknownAfter)',
  'catching-up': 'older than maxAge: only the net difference is sent, once the backlog has been read',
  'group-wait': 'waits for other changes of its group (groupWait)',
  'group-interval': 'its group was sent a short while ago (groupInterval)',
} as const
export type Reason = keyof typeof REASONS

/** What a group has behind and before it, ms. */
export interface GroupTimes {
  /** When the message in preparation goes. */
  readonly flushAt?: number
  /** When the last one went. */
  readonly flushedAt?: number
}

/** One change on its way to one receiver. */
export interface Candidate {
  readonly news: News
  readonly route: Route
  /** False: no route takes it any more; the receiver is asked because something is open there. */
  readonly routed: boolean
}

/** All that a stage may know besides. */
export interface Facts {
  /** The notifier's clock, ms. */
  readonly now: number
  readonly lastNotified: LastNotified | undefined
  readonly group: GroupTimes | undefined
  /** When the change came, by the notifier's clock. */
  readonly arrivedAt: number
  /** The change has waited until this time, and the time has come; undefined at its arrival. */
  readonly waitedUntil: number | undefined
  /** The source's head has not been reached. */
  readonly behind: boolean
  /** Earlier stages hold it until then. */
  readonly heldUntil: number | undefined
  readonly silences: Silences
  readonly inhibitions: Inhibitions
}

export type Verdict =
  | { readonly verdict: 'pass' }
  | {
      readonly verdict: 'hold'
      readonly until: number
      readonly reason: Reason
      /** Judged again when this is in force no more, even before `until`. */
      readonly by?: HoldingCause
    }
  | { readonly verdict: 'suppress'; readonly reason: Reason }

/** Pure: decides about a candidate, and says why. */
export type Stage = (candidate: Candidate, facts: Facts) => Verdict

export const PASS: Verdict = { verdict: 'pass' }
export const suppress = (reason: Reason): Verdict => ({ verdict: 'suppress', reason })
export const hold = (until: number, reason: Reason, by?: HoldingCause): Verdict => ({
  verdict: 'hold',
  until,
  reason,
  ...(by === undefined ? {} : { by }),
})

/**
 * Runs the stages in order. The first that suppresses ends it; of those that hold, the latest time and its reason
 * count; a change that was held is judged again from the first stage when its time comes.
 */
export function judge(stages: readonly Stage[], candidate: Candidate, facts: Omit<Facts, 'heldUntil'>): Verdict {
  let held: Extract<Verdict, { verdict: 'hold' }> | undefined
  for (const stage of stages) {
    const verdict = stage(candidate, { ...facts, heldUntil: held?.until })
    if (verdict.verdict === 'suppress') return verdict
    if (verdict.verdict === 'hold' && (!held || verdict.until > held.until)) held = verdict
  }
  return held ?? PASS
}
