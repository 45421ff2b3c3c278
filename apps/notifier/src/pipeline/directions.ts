import { Inhibitions } from './inhibitions'
import { compileRoutes, type Router } from './route'
import type { Receiver, RetiredEndpoint, Routing } from './routing'
import { Silences } from './silences'

/** The configuration in force, compiled. A batch has one of them from its first record to its seal. */
export interface Directions {
  readonly router: Router
  readonly receivers: ReadonlyMap<string, Receiver>
  readonly silences: Silences
  readonly inhibitions: Inhibitions
  /** By name: endpoints that were taken away, at which what is open can still be closed. */
  readonly retired: ReadonlyMap<string, RetiredEndpoint>
}

/** @throws Error when a route names a receiver that is not there, or two routes have one name */
export function directionsOf(routing: Routing): Directions {
  const names = new Set(routing.receivers.flatMap(({ endpoints }) => endpoints.map(({ name }) => name)))
  const retired = (routing.retired ?? []).filter(({ name }) => !names.has(name))
  return {
    retired: new Map(retired.map((endpoint) => [endpoint.name, endpoint])),
    router: compileRoutes(routing),
    receivers: new Map(routing.receivers.map((receiver) => [receiver.name, receiver])),
    silences: new Silences(routing.silences),
    inhibitions: new Inhibitions(routing.inhibitions, routing.inhibitionSources),
  }
}
