import { Inhibitions } from './inhibitions'
import { compileRoutes, type Router } from './route'
import type { Receiver, Routing } from './routing'
import { Silences } from './silences'

/** The configuration in force, compiled. A batch has one of them from its first record to its seal. */
export interface Directions {
  readonly router: Router
  readonly receivers: ReadonlyMap<string, Receiver>
  readonly silences: Silences
  readonly inhibitions: Inhibitions
}

/** @throws Error when a route names a receiver that is not there, or two routes have one name */
export function directionsOf(routing: Routing): Directions {
  return {
    router: compileRoutes(routing),
    receivers: new Map(routing.receivers.map((receiver) => [receiver.name, receiver])),
    silences: new Silences(routing.silences),
    inhibitions: new Inhibitions(routing.inhibitions, routing.afflictions),
  }
}
