import { secondsOf } from '@quorate/contracts'
import type { Inhibition, Matchers, Receiver, RouteInput, Routing, Silence } from '../pipeline'
import type {
  InhibitionDocument,
  MatchersDocument,
  NotifyDocument,
  OneOrMore,
  ReceiverDocument,
  RouteDocument,
  SilenceDocument,
} from './document'
import { endpointName } from './endpoint-ids'

/** What is in force by a document without faults. What it does not say is as the process's own settings have it. */
export function routingOfDocument(document: NotifyDocument, base: Routing): Routing {
  const { receivers, routes, silences, inhibitions } = document
  const configured = [...receivers].map(([name, receiver]) => receiverOf(name, receiver))
  const names = new Set(configured.map(({ name }) => name))
  return {
    receivers: [...configured, ...base.receivers.filter(({ name }) => !names.has(name))],
    root: routes === undefined ? base.root : (routeOf(routes) as Routing['root']),
    silences: [...silences].map(([id, silence]) => silenceOf(id, silence)),
    inhibitions: [...inhibitions].map(([name, inhibition]) => inhibitionOf(name, inhibition)),
  }
}

function receiverOf(name: string, { fallback, fallbackAfter, endpoints }: ReceiverDocument): Receiver {
  return {
    name,
    endpoints: endpoints.map(({ name: own, id, channel, settings = {}, fault }, place) => ({
      name: endpointName(name, { name: own, id }, place),
      channel,
      settings,
      ...(fault === undefined ? {} : { fault }),
    })),
    ...(fallback === undefined ? {} : { fallback }),
    ...(fallbackAfter === undefined ? {} : { fallbackAfter: secondsOf(fallbackAfter) || Infinity }),
  }
}

const DURATIONS = ['groupWait', 'groupInterval', 'repeatInterval', 'unknownAfter', 'maxAge'] as const

function routeOf({ match, routes, ...rest }: RouteDocument): RouteInput {
  const durations = Object.fromEntries(
    DURATIONS.flatMap((name) => (rest[name] === undefined ? [] : [[name, secondsOf(rest[name])]])),
  )
  // Without a limit nothing is too old.
  if (durations.maxAge === 0) durations.maxAge = Infinity
  return {
    ...rest,
    ...durations,
    ...(match === undefined ? {} : { match: matchersOf(match) }),
    ...(routes === undefined ? {} : { routes: routes.map(routeOf) }),
  } as RouteInput
}

export function matchersOf(match: MatchersDocument): Matchers {
  return Object.fromEntries(Object.entries(match).map(([name, value]) => [name, listOf<unknown>(value)]))
}

const listOf = <T>(value: OneOrMore<T>): readonly T[] => (Array.isArray(value) ? (value as readonly T[]) : [value as T])

export function silenceOf(id: string, { match, startsAt, endsAt, author, comment }: SilenceDocument): Silence {
  return { id, match: matchersOf(match), startsAt: Date.parse(startsAt), endsAt: Date.parse(endsAt), author, comment }
}

function inhibitionOf(name: string, { parent, states = ['down'], dependants }: InhibitionDocument): Inhibition {
  return { name, parent, states, dependants: listOf(dependants) }
}
