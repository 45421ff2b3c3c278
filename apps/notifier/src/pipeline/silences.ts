import { type HoldingCause, versionOf } from './cause'
import { compileMatchers, type Matchers } from './matchers'
import type { Subject } from './news'

/** Nothing of what it matches is told from its start to its end, but for what closes what is open. */
export interface Silence {
  readonly id: string
  readonly match: Matchers
  /** ms */
  readonly startsAt: number
  /** ms */
  readonly endsAt: number
  readonly author: string
  readonly comment: string
}

interface Compiled {
  readonly silence: Silence
  readonly cause: HoldingCause
  readonly takes: (subject: Subject) => boolean
}

/** The silences there are, those of the past and the future included. */
export class Silences {
  private readonly compiled: readonly Compiled[]
  readonly causes: readonly HoldingCause[]

  constructor(silences: readonly Silence[] = []) {
    this.compiled = silences.map((silence) => {
      const { id, match, startsAt, endsAt } = silence
      const cause = `silence/${id}/${versionOf([match, startsAt, endsAt])}`
      return { silence, cause, takes: compileMatchers(match) }
    })
    this.causes = this.compiled.map(({ cause }) => cause)
  }

  /** Of those over something now, the one that ends last. */
  over(subject: Subject, now: number): { readonly silence: Silence; readonly cause: HoldingCause } | undefined {
    let last: Compiled | undefined
    for (const one of this.compiled) {
      const { startsAt, endsAt } = one.silence
      if (startsAt > now || endsAt <= now || !one.takes(subject)) continue
      if (!last || endsAt > last.silence.endsAt) last = one
    }
    return last
  }
}
