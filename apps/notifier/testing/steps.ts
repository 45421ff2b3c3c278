import fc from 'fast-check'
import type { RouteInput } from '../src/pipeline'
import { OBJECTS, TREE_COUNT } from './scene'

const STATES = ['up', 'down', 'degraded', 'unknown'] as const
type Named = (typeof OBJECTS)[number]

/** What may happen, one after the other. */
export type Step =
  | { readonly do: 'change'; readonly object: Named; readonly state: string; readonly flapping: boolean }
  | { readonly do: 'delete'; readonly object: Named }
  | { readonly do: 'wait'; readonly seconds: number }
  | { readonly do: 'silence'; readonly glob: string; readonly seconds: number }
  | { readonly do: 'unsilence' }
  | { readonly do: 'inhibit'; readonly on: boolean }
  /** Routes, and the endpoints of the receivers `one` and `two` (none: it is not configured); `other`: by a restart. */
  | { readonly do: 'configure'; readonly tree: number; readonly repeat: number; readonly one: string; readonly two: string; readonly other: boolean } // prettier-ignore
  /** An address fails this share of its attempts; below 0: it takes them after so many seconds. */
  | { readonly do: 'fail'; readonly address: string; readonly share: number }
  | { readonly do: 'crash'; readonly at: 'sealed' | 'logged'; readonly object: Named; readonly state: string }
  | { readonly do: 'kill' }
  /** Another instance joins, or leaves. */
  | { readonly do: 'join' }

const object = fc.constantFrom(...OBJECTS)
const state = fc.constantFrom(...STATES)
const is = <T extends string>(value: T) => fc.constant(value)

export const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ do: is('change'), object, state, flapping: fc.nat({ max: 4 }).map((n) => n === 4) }) },
  { weight: 1, arbitrary: fc.record({ do: is('delete'), object }) },
  { weight: 5, arbitrary: fc.record({ do: is('wait'), seconds: fc.constantFrom(1, 5, 10, 60, 300) }) },
  { weight: 2, arbitrary: fc.record({ do: is('silence'), glob: fc.constantFrom('**', 'rack/**', 'web/1'), seconds: fc.constantFrom(30, 600) }) },
  { weight: 1, arbitrary: fc.record({ do: is('unsilence') }) },
  { weight: 1, arbitrary: fc.record({ do: is('inhibit'), on: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ do: is('configure'), tree: fc.nat({ max: TREE_COUNT - 1 }), repeat: fc.constantFrom(0, 0, 30), one: fc.constantFrom('h', 'h', 'hx', 'xh', 'hm', 'mh'), two: fc.constantFrom('', 'm', 'm', 'hm', 'mh', 'h'), other: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: is('fail'), address: fc.constantFrom('one-h', 'one-x', 'two-m', 'two-h'), share: fc.constantFrom(0, 0.5, 0.7, 1, -1, -20) }) },
  { weight: 1, arbitrary: fc.record({ do: is('crash'), at: fc.constantFrom('sealed' as const, 'logged' as const), object, state }) },
  { weight: 1, arbitrary: fc.record({ do: is('kill') }) },
  { weight: 2, arbitrary: fc.record({ do: is('join') }) },
) // prettier-ignore

export const timing: fc.Arbitrary<Partial<RouteInput>> = fc.record({
  groupWait: fc.constantFrom(0, 10),
  groupInterval: fc.constantFrom(0, 60),
  groupBy: fc.constantFrom(['object' as const], ['policy' as const], []),
  unknownAfter: fc.constantFrom(0, 30),
})
