import type { Writable } from 'node:stream'
import { rfc3339, UNKNOWN, type Cause, type Change, type State, type View } from '@quorate/contracts'
import { Settings, type Rules } from '../../../aggregator/src/vote'
import { printable } from '../text'
import { Engine } from './engine'
import { lines } from './lines'
import { Output } from './output'
import type { Outlet } from './output-lines'
import { readPolicies } from './policies-file'
import { replayRecord } from './replay'
import { Scenario } from './scenario'
import { isTopic, note, type Input } from './simulate'
import { recordsOf, stretches } from './source-topic'

export interface CompareOptions {
  /** Two files of policies, JSON arrays: each is in force throughout; policies that the input itself sets are left out. */
  readonly files: readonly [string, string]
  readonly input: Input
  readonly output: Writable
  readonly errors: Writable
  readonly json: boolean
  readonly rules?: Rules
}

/** A move of an object's effective state; an object that is gone is `unknown`. */
interface Move {
  readonly at: number
  readonly from: State
  readonly state: State
  readonly cause: Cause | null
}

/** One side's decisions. */
class Side implements Outlet {
  changes = 0
  refused = 0
  /** Effective states other than `unknown`. */
  readonly states = new Map<string, State>()
  /** Moves since the last comparison. */
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

/** The first place where two policies part on one object. */
export interface Difference {
  readonly object: string
  readonly partition?: number
  /** ms */
  readonly at: number
  /** What each decided: a move, or the state it stayed in. */
  readonly a: Move | { readonly state: State }
  readonly b: Move | { readonly state: State }
}

/** Two sides that take the same input in step: what one has decided by a time and the other has not is a difference. */
class Pair {
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

  /** After each line or record. */
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
    // The earlier of the two is the difference; the other side stays where it was until then.
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

export interface Summary {
  /** Changes of effective states. */
  readonly changes: { readonly a: number; readonly b: number }
  readonly rejected: { readonly a: number; readonly b: number }
  /** Objects whose state ever moved, and those of them that were decided differently. */
  readonly objects: number
  readonly different: number
}

const NOTHING: Summary = { changes: { a: 0, b: 0 }, rejected: { a: 0, b: 0 }, objects: 0, different: 0 }

const added = (sum: Summary, { a, b, objects, different }: Pair): Summary => ({
  changes: { a: sum.changes.a + a.changes, b: sum.changes.b + b.changes },
  rejected: { a: sum.rejected.a + a.refused, b: sum.rejected.b + b.refused },
  objects: sum.objects + objects,
  different: sum.different + different,
})

/** `quorate simulate --compare`: what two policies decide differently over the same input. Resolves with the exit code. */
export async function runCompare(options: CompareOptions): Promise<number> {
  const { files, input, output, errors, json, rules } = options
  const settings = async (file: string): Promise<Settings | string> => {
    const fresh = new Settings(rules)
    return (await readPolicies(file, fresh)) ?? fresh
  }
  const refused = (await Promise.all(files.map(settings))).filter((it) => typeof it === 'string')
  if (refused.length > 0) {
    errors.write(`${refused.join('\n')}\nNothing was simulated.\n`)
    return 1
  }
  const out = new Output(output)
  const told = (difference: Difference) =>
    out.write(json ? `${JSON.stringify({ difference })}\n` : differenceText(difference, files))
  let sum = NOTHING
  const pairOf = async (partition?: number): Promise<{ pair: Pair; engines: Engine[] }> => {
    const pair = new Pair(partition, told)
    const at = { fixedPolicies: true, ...(partition === undefined ? {} : { partition }) }
    const [a, b] = (await Promise.all(files.map(settings))) as [Settings, Settings]
    return { pair, engines: [new Engine(pair.a, a, at), new Engine(pair.b, b, at)] }
  }
  if (isTopic(input)) {
    for (const stretch of await stretches(input.log, input.topic, input.partition)) {
      note(stretch, errors)
      const { pair, engines } = await pairOf(stretch.partition)
      for await (const records of recordsOf(input.log, stretch)) {
        for (const record of records) {
          for (const engine of engines) replayRecord(engine, record, stretch)
          pair.step()
        }
        await out.flush()
      }
      sum = added(sum, pair)
    }
  } else {
    const { pair, engines } = await pairOf()
    const scenario = new Scenario(...engines)
    for await (const batch of lines(input)) {
      for (const line of batch) {
        scenario.take(line)
        pair.step()
      }
      await out.flush()
    }
    sum = added(sum, pair)
  }
  out.write(json ? `${JSON.stringify({ summary: sum })}\n` : summaryText(sum, files))
  await out.flush()
  return 0
}

const sideText = (side: Move | { readonly state: State }): string =>
  'from' in side
    ? `${side.from} > ${side.state}${side.cause === null ? '' : ` (${side.cause})`}`
    : `stays ${side.state}`

const differenceText = ({ object, at, a, b }: Difference, [fileA, fileB]: readonly [string, string]): string =>
  `${printable(object)}  ${rfc3339(at)}\n  ${fileA}: ${sideText(a)}\n  ${fileB}: ${sideText(b)}\n`

const counted = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`

function summaryText({ changes, rejected, objects, different }: Summary, [a, b]: readonly [string, string]): string {
  const refusals = rejected.a === rejected.b ? '' : `; ${rejected.b} instead of ${rejected.a} rejected`
  return (
    `${counted(changes.b, 'change')} instead of ${changes.a} (${b} instead of ${a})${refusals}; ` +
    `${different} of ${counted(objects, 'object')} decided differently.\n`
  )
}
