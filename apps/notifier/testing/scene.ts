import type { EndpointDocument } from '../src/configuration'
import type { Inhibition, RouteInput } from '../src/pipeline'

export const OBJECTS = ['rack/1', 'rack/1/a', 'rack/1/b', 'web/1', 'web/2'] as const
export const QUIET = ['up']
const BAD = ['down', 'degraded', 'unknown']
export const RACK: Inhibition = { name: 'rack', parent: 'rack/1', states: ['down'], dependants: ['rack/1/**'] }

/** Endpoints that a receiver may have, by a letter: hooks take each change, mails take groups. */
const ADDRESSES = { h: 'hook', m: 'mail', x: 'hook' } as const

/** Trees that a change of the configuration may bring, with or without the receiver `two`. */
export const TREES: readonly ((two: string) => readonly RouteInput[])[] = [
  (two) => [{ receiver: 'one', continue: true }, { match: { state: BAD }, receiver: two }],
  (two) => [{ match: { state: BAD }, receiver: two, continue: true }, { receiver: 'one' }],
  (two) => [{ match: { state: ['down'] }, receiver: two }],
  (two) => [{ name: 'racks', match: { object: ['rack/**'] }, receiver: two }],
  (two) => [{ match: { object: ['rack/**'] }, receiver: 'one', continue: true }, { match: { state: ['degraded'] }, receiver: two }],
] // prettier-ignore
export const TREE_COUNT = TREES.length

/** A receiver's endpoints by their letters: `hm` are a hook and a mail. */
export const endpointsOf = (receiver: string, letters: string): EndpointDocument[] =>
  [...letters].map((letter) => ({
    channel: ADDRESSES[letter as keyof typeof ADDRESSES],
    settings: { endpoint: `${receiver}-${letter}` },
  }))
