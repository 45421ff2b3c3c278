import { glob, type Glob, type ObjectId, type State } from '@quorate/contracts'
import { type HoldingCause, versionOf } from './cause'
import type { Subject } from './news'

/**
 * While the parent is in one of the states, its dependants get no messages of their own: the parent's message names
 * them.
 */
export interface Inhibition {
  readonly name: string
  readonly parent: ObjectId
  /** Of the parent. */
  readonly states: readonly State[]
  /** Globs on object ids; the parent is never its own dependant. */
  readonly dependants: readonly string[]
}

/**
 * A parent that is in one of the states of an inhibition: the owner of its partition publishes it to every instance.
 */
export interface InhibitionSource {
  readonly object: ObjectId
  readonly state: State
  /** The change that brought it there. */
  readonly event: string
}

interface Compiled {
  readonly inhibition: Inhibition
  readonly cause: HoldingCause
  readonly globs: readonly Glob[]
  readonly source: InhibitionSource | undefined
}

/** The inhibitions, and which of their parents are bad now. */
export class Inhibitions {
  private readonly compiled: readonly Compiled[]
  /** Of those in force: the parent is bad. */
  readonly causes: readonly HoldingCause[]

  constructor(inhibitions: readonly Inhibition[] = [], sources: ReadonlyMap<string, InhibitionSource> = new Map()) {
    this.compiled = inhibitions.map((inhibition) => {
      const { name, parent, states, dependants } = inhibition
      const known = sources.get(name)
      const source = known?.object === parent && states.includes(known.state) ? known : undefined
      const cause = `inhibition/${name}/${versionOf([parent, states, dependants])}`
      return { inhibition, cause, globs: dependants.map(glob), source }
    })
    this.causes = this.compiled.flatMap(({ cause, source }) => (source ? [cause] : []))
  }

  /** The first inhibition in force that has the changed object as a dependant. */
  over({
    object,
  }: Pick<Subject, 'object'>): { readonly inhibition: Inhibition; readonly cause: HoldingCause } | undefined {
    return this.compiled.find(
      ({ source, inhibition, globs }) => source && inhibition.parent !== object && globs.some((takes) => takes(object)),
    )
  }

  /** The inhibitions that an object is the parent of. */
  ofParent(object: ObjectId) {
    return this.compiled.filter(({ inhibition }) => inhibition.parent === object)
  }

  get all() {
    return this.compiled
  }
}
