import { rfc3339, type State } from '@quorate/contracts'
import type { ChangeMessage, Message } from '../outbox/message'
import { clockTimeFrom, dateTime } from './clock'
import { duration } from './duration'
import { becameOf, headline } from './headline'
import { brief, plain } from './plain'
import { toneOf, type Tone } from './tone'
import { dissent, majority, type Vote, votesOf } from './votes'
import { why } from './why'

export interface TextOptions {
  /**
   * Where objects are looked up: an address with `{object}`, or that of the REST API without a slash at the end;
   * absent: no links.
   */
  readonly baseUrl?: string | undefined
  /** IANA zone of the times; UTC by default. */
  readonly timeZone?: string | undefined
}

/** One change, in words. Nothing in it can break a line; what an output must escape is up to the output. */
export interface ChangeText {
  readonly object: string
  /** To the object; null without a base URL. */
  readonly link: string | null
  /** null: the object is gone. */
  readonly state: State | null
  /** `down`, `gone`, `flapping`, `settled: up`, `still down`. */
  readonly became: string
  readonly headline: string
  readonly tone: Tone
  /** The state that this receiver was last told, else the one before. */
  readonly previous: State | null
  /** How long it was in `previous`: `4 min`. */
  readonly lasted: string | null
  /** RFC 3339, and for people. */
  readonly since: string
  readonly sinceText: string
  /** Time of day of the change; with its date where the message tells of another day. */
  readonly atText: string
  readonly cause: string | null
  /** Who says so, in one line. */
  readonly why: string
  /** `2 of 3 say down`, `1 says up`; null where there is no vote, no dissent. */
  readonly majority: string | null
  readonly dissent: string | null
  readonly votes: readonly Vote[]
  readonly participants: number | null
  readonly electorate: number | null
  readonly quorum: number | null
  /** Whose report led to it. */
  readonly agent: string | null
  readonly policy: string | null
  /** `contested`, `stale`, `flapping`, `divergent`: those that apply. */
  readonly marks: readonly string[]
  readonly override: OverrideText | null
  /** Changes while it flapped. */
  readonly flaps: number | null
  /** Objects that depend on it: some names, and how many more. */
  readonly dependants: { readonly objects: readonly string[]; readonly more: number; readonly total: number } | null
}

export interface OverrideText {
  readonly state: State
  readonly author: string | null
  readonly reason: string | null
  /** RFC 3339, and for people; null: until cleared. */
  readonly until: string | null
  readonly untilText: string | null
  /** What the vote says underneath. */
  readonly voted: State
}

/** What texts are made of, built-in ones and the operators'. */
export interface TextModel {
  readonly kind: Message['kind']
  readonly headline: string
  readonly tone: Tone
  readonly event: string
  /** RFC 3339 */
  readonly time: string
  /** One for a change; those that are listed of a group; none for a notice. */
  readonly changes: readonly ChangeText[]
  readonly total: number
  /** How many of a group are not listed. */
  readonly more: number
  /** What a group has in common: `[{name: 'policy', value: 'web'}]`. */
  readonly labels: readonly { readonly name: string; readonly value: string }[]
  readonly notice: {
    readonly endpoint: string
    readonly reason: string
    readonly delivery: string
    readonly object: string
  } | null
  /** Of a single change, to its object. */
  readonly link: string | null
}

/** Longest text of somebody else's that is repeated. */
const LONGEST = 500
/** Changes of a group that are listed: as many as a message has (docs/notifier.md). */
const LISTED = 100
/** Most dependants that are named. */
const NAMED = 10

/** @param most changes of a group that are listed */
export function textModel(message: Message, options: TextOptions, most = LISTED): TextModel {
  const common = { kind: message.kind, headline: headline(message), event: message.event, time: rfc3339(message.time) }
  if (message.kind === 'notice') {
    const { endpoint, reason, delivery, object } = message
    const notice = { endpoint: plain(endpoint), reason: plain(reason), delivery, object: plain(object) }
    return { ...common, tone: 'bad', changes: [], total: 0, more: 0, labels: [], notice, link: null }
  }
  if (message.kind === 'change') {
    const change = changeText(message, options)
    return {
      ...common,
      tone: change.tone,
      changes: [change],
      total: 1,
      more: 0,
      labels: [],
      notice: null,
      link: change.link,
    }
  }
  const changes = message.changes.slice(0, most).map((change) => changeText(change, options, message.time))
  const labels = Object.entries(message.labels).map(([name, value]) => ({ name, value: plain(value) }))
  const tone =
    (['bad', 'other', 'good'] as const).find((one) => changes.some((change) => change.tone === one)) ?? 'other'
  return {
    ...common,
    tone,
    changes,
    total: message.total,
    more: message.total - changes.length,
    labels,
    notice: null,
    link: null,
  }
}

/** @param told ms: of the message that tells it, where that is a group's */
export function changeText(
  message: ChangeMessage,
  { baseUrl, timeZone = 'UTC' }: TextOptions,
  told = message.time,
): ChangeText {
  const { object, state, view, cause, lasted, flapping, dependants } = message
  const since = view?.since ?? message.time
  const previous = message.previous ?? view?.from ?? null
  return {
    object: plain(object),
    link: baseUrl === undefined ? null : linkTo(baseUrl, object),
    state,
    became: becameOf(message),
    headline: headline(message),
    tone: flapping?.phase === 'began' ? 'other' : toneOf(state),
    previous,
    lasted: lasted !== null && lasted >= 1000 ? duration(lasted) : null,
    since: rfc3339(since),
    sinceText: dateTime(since, timeZone),
    atText: clockTimeFrom(told, message.time, timeZone),
    cause,
    why: why(message, (ms) => clockTimeFrom(message.time, ms, timeZone)),
    majority: (view && majority(view)) || null,
    dissent: (view && dissent(view)) || null,
    votes: view ? votesOf(view) : [],
    participants: view?.participants ?? null,
    electorate: view?.electorate ?? null,
    quorum: view?.quorum ?? null,
    agent: view?.trigger?.agent === undefined ? null : plain(view.trigger.agent),
    policy: view?.policy ?? null,
    marks: view ? (['contested', 'stale', 'flapping', 'divergent'] as const).filter((mark) => view[mark]) : [],
    override: view?.override ? overrideText(view.override, view.voted, timeZone) : null,
    flaps: flapping?.changes ?? null,
    dependants: dependants ? named(dependants) : null,
  }
}

function overrideText(
  { state, author, reason, expiresAt }: NonNullable<NonNullable<ChangeMessage['view']>['override']>,
  voted: State,
  zone: string,
): OverrideText {
  return {
    state,
    author: author === null ? null : brief(author, LONGEST),
    reason: reason === null ? null : brief(reason, LONGEST),
    until: expiresAt === null ? null : rfc3339(expiresAt),
    untilText: expiresAt === null ? null : dateTime(expiresAt, zone),
    voted,
  }
}

function named({ objects, total }: NonNullable<ChangeMessage['dependants']>): ChangeText['dependants'] {
  const some = objects.slice(0, NAMED).map(plain)
  return { objects: some, more: total - some.length, total }
}

/** Where an object is looked up: in place of `{object}` in the address, else the object in REST below it. */
export function linkTo(baseUrl: string, object: string): string {
  const id = encodeURIComponent(object.toWellFormed())
  return baseUrl.includes('{object}') ? baseUrl.replaceAll('{object}', id) : `${baseUrl}/v1/objects/${id}`
}
