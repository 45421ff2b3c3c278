import type { State } from '@quorate/contracts'

/**
 * How a state is to be taken: for colours and marks. States are free words; those that are not known here are neither.
 */
export type Tone = 'good' | 'bad' | 'other'

const GOOD: ReadonlySet<string> = new Set(['up', 'ok', 'healthy', 'online', 'normal'])
const BAD: ReadonlySet<string> = new Set(['down', 'critical', 'under-attack', 'offline', 'failed', 'error'])

/** @param state null: the object is gone */
export const toneOf = (state: State | null): Tone =>
  state !== null && GOOD.has(state) ? 'good' : state !== null && BAD.has(state) ? 'bad' : 'other'
