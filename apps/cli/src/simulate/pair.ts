import { UNKNOWN, type Cause, type Change, type State, type View } from '@quorate/contracts'
import type { Outlet } from '@quorate/engine/core'

/** A change of an object's effective state; a deleted object is `unknown`. */
export interface Move {
  readonly at: number
  readonly from: State
  readonly state: State
  readonly cause: Cause | null
}

/** One side's decisions. */
export class Side implements Outlet {
  changes = 0
  refused = 0
  /** Effective states other than `unknown`. */
  readonly states = new Map<string, State>()
  /** Changes since the last comparison. */
  moves = new Map<string, Move[]>()

  event({ type, subject, time, data, cause }: Change): void {
    if (type === 'object.changed') this.changes++
    if (type !== 'object.changed' && type !== 'object.deleted') return
    const view = data as View | null
    const from = this.stateOf(subject)
    const state = view?.state ?? UNKNOWN
    if (state === from) return
    if (state === UNKNOWN) this.states.delete(subject)
    else this.states.set(subject, state)
    const move = { at: time, from, state, cause: view?.cause ?? cause ?? null }
    const moves = this.moves.get(subject)
    if (moves === undefined) this.moves.set(subject, [move])
    else moves.push(move)
  }

  look(): void {}

  rejected(): void {
    this.refused++
  }

  stateOf(object: string): State {
    return this.states.get(object) ?? UNKNOWN
  }
}

/** The first point at which two policies decide differently about one object. */
export interface Difference {
  readonly object: string
  readonly partition?: number
  /** ms */
  readonly at: number
  /** What each decided: a change, or the state it stayed in. */
  readonly a: Move | { readonly state: State }
  readonly b: Move | { readonly state: State }
}

/** Two sides that process the same input in step: a change up to some time that only one has made is a difference. */
export class Pair {
  readonly a = new Side()
  readonly b = new Side()
  readonly #seen = new Set<string>()
  readonly #different = new Set<string>()
  readonly #partition: number | undefined
  readonly #told: (difference: Difference) => void

  constructor(partition: number | undefined, told: (difference: Difference) => void) {
    this.#partition = partition
    this.#told = told
  }

  /** Called after each line or record. */
  step(): void {
    const { a, b } = this
    if (a.moves.size === 0 && b.moves.size === 0) return
    for (const object of new Set([...a.moves.keys(), ...b.moves.keys()])) this.#judge(object)
    a.moves = new Map()
    b.moves = new Map()
  }

  #judge(object: string): void {
    this.#seen.add(object)
    if (this.#different.has(object)) return
    const [a, b] = [this.a.moves.get(object) ?? [], this.b.moves.get(object) ?? []]
    const parted = Array.from({ length: Math.max(a.length, b.length) }, (_, i) => i).find((i) => !isSame(a[i], b[i]))
    if (parted === undefined) return
    this.#different.add(object)
    // The earlier of the two is the difference; until then the other side is unchanged.
    const at = Math.min(a[parted]?.at ?? Infinity, b[parted]?.at ?? Infinity)
    const said = (move: Move | undefined, side: Side) => {
      if (move?.at === at) return move
      return { state: move?.from ?? side.stateOf(object) }
    }
    this.#told({
      object,
      ...(this.#partition === undefined ? {} : { partition: this.#partition }),
      at,
      a: said(a[parted], this.a),
      b: said(b[parted], this.b),
    })
  }

  get objects(): number {
    return this.#seen.size
  }
  get different(): number {
    return this.#different.size
  }
}

const isSame = (a: Move | undefined, b: Move | undefined): boolean =>
  a !== undefined && b !== undefined && a.at === b.at && a.state === b.state
