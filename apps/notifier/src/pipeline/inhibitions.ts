import { glob, type Glob, type ObjectId, type State } from '@quorate/contracts'
import { type HoldingCause, versionOf } from './cause'
import type { Subject } from './news'

/** While the parent is in one of the states, its dependants are not told of one by one: the parent's message names them. */
export interface Inhibition {
  readonly name: string
  readonly parent: ObjectId
  /** Of the parent. */
  readonly states: readonly State[]
  /** Globs on object ids; the parent is never its own dependant. */
  readonly dependants: readonly string[]
}

/** That a parent is in one of its states: what its owner tells every instance. */
export interface Affliction {
  readonly object: ObjectId
  readonly state: State
  /** The change that brought it there. */
  readonly event: string
}

interface Compiled {
  readonly inhibition: Inhibition
  readonly cause: HoldingCause
  readonly globs: readonly Glob[]
  readonly affliction: Affliction | undefined
}

/** The inhibitions, and which of their parents are afflicted. */
export class Inhibitions {
  private readonly compiled: readonly Compiled[]
  /** Of those in force: the parent is afflicted. */
  readonly causes: readonly HoldingCause[]

  constructor(inhibitions: readonly Inhibition[] = [], afflictions: ReadonlyMap<string, Affliction> = new Map()) {
    this.compiled = inhibitions.map((inhibition) => {
      const { name, parent, states, dependants } = inhibition
      const known = afflictions.get(name)
      const affliction = known?.object === parent && states.includes(known.state) ? known : undefined
      const cause = `inhibition/${name}/${versionOf([parent, states, dependants])}`
      return { inhibition, cause, globs: dependants.map(glob), affliction }
    })
    this.causes = this.compiled.flatMap(({ cause, affliction }) => (affliction ? [cause] : []))
  }

  /** The first inhibition in force that has the changed object as a dependant. */
  over({
    object,
  }: Pick<Subject, 'object'>): { readonly inhibition: Inhibition; readonly cause: HoldingCause } | undefined {
    return this.compiled.find(
      ({ affliction, inhibition, globs }) =>
        affliction && inhibition.parent !== object && globs.some((takes) => takes(object)),
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
