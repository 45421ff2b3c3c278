import { glob, type Glob, type State } from '@quorate/contracts'
import type { Subject } from './news'

/** What a change must be to be taken. An absent matcher takes everything; a list takes any of its members. */
export interface Matchers {
  /** Globs on the object id (`glob` of contracts). */
  readonly object?: readonly string[]
  readonly state?: readonly State[]
  /** The state before; `null` before the first. */
  readonly from?: readonly (State | null)[]
  readonly cause?: readonly string[]
  readonly policy?: readonly string[]
}

export function compileMatchers(match: Matchers): (subject: Subject) => boolean {
  const globs: readonly Glob[] | undefined = match.object?.map(glob)
  const oneOf = <T>(list: readonly T[] | undefined, value: T): boolean => list === undefined || list.includes(value)
  return ({ object, state, from, cause, policy }) =>
    (globs === undefined || globs.some((takes) => takes(object))) &&
    (match.state === undefined || (state !== null && match.state.includes(state))) &&
    oneOf(match.from, from) &&
    (match.cause === undefined || (cause !== null && match.cause.includes(cause))) &&
    (match.policy === undefined || (policy !== null && match.policy.includes(policy)))
}
