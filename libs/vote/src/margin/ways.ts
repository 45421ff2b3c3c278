import { UNKNOWN, type State } from '@quorate/contracts'
import type { InForce } from '../in-force'
import { isQuorate } from '../quorum'

/**
 * A way to another winner of the run over the groups: a condition on the number of groups that vote for each set of
 * states.
 */
export interface Way {
  readonly sets: readonly StateSet[]
  /** Whether groups in no set may vote for any state; otherwise they abstain. */
  readonly restSpeaks: boolean
  readonly fulfils: (counts: readonly number[]) => boolean
}

type StateSet = (state: State) => boolean

/** The current run over the groups. */
export interface Run {
  readonly policy: InForce
  readonly electorate: number
  readonly previous: State
  readonly winner: State | null
}

/** All ways to change the winner: the cheapest of them is the margin. */
export function waysOf(run: Run, targets: ReadonlySet<State>): Way[] {
  const { policy, winner } = run
  if (winner === null)
    return [...targets].map((target) => (isOrdered(run) ? toMedian(run, target) : toWin(run, target)))
  const rivals = policy.thresholds.filter(([state]) => state !== winner && state !== UNKNOWN)
  const fall = isOrdered(run) ? offMedian(run, winner) : toFall(run, winner)
  return [fall, ...rivals.map(([rival, needed]) => toThreshold(run, winner, rival, needed))]
}

const isOrdered = ({ policy }: Run): boolean => policy.policy.method === 'ordered'
const decides = ({ policy, electorate }: Run, speaking: number): boolean =>
  isQuorate(speaking, policy.quorum(electorate))
const barOf = ({ policy }: Run, state: State): number => policy.thresholds.find(([it]) => it === state)?.[1] ?? Infinity

const self = (target: State): readonly StateSet[] => [(state) => state === target, (state) => state !== target]

/** The states better than `middle`, `middle` itself, and the worse ones. */
function around({ policy }: Run, middle: State): readonly StateSet[] {
  const place = (state: State): number => policy.listed!.get(state)! - policy.listed!.get(middle)!
  return [(state) => place(state) < 0, (state) => place(state) === 0, (state) => place(state) > 0]
}

function toWin(run: Run, target: State): Way {
  const bar = barOf(run, target)
  return {
    sets: self(target),
    restSpeaks: false,
    fulfils: ([own = 0, others = 0]) => decides(run, own + others) && (own >= bar || own > others),
  }
}

function toFall(run: Run, winner: State): Way {
  const bar = barOf(run, winner)
  return {
    sets: self(winner),
    restSpeaks: false,
    fulfils: ([own = 0, others = 0]) => !decides(run, own + others) || (own < bar && own <= others),
  }
}

/** With a previous state on the scale there is always a median. */
function toMedian(run: Run, target: State): Way {
  const bar = barOf(run, target)
  const isSettled = run.policy.listed!.has(run.previous) && run.previous !== UNKNOWN
  return {
    sets: around(run, target),
    restSpeaks: false,
    fulfils: ([better = 0, own = 0, worse = 0]) =>
      decides(run, better + own + worse) && (isSettled || own >= bar || isMedian(better, own, worse, undefined)),
  }
}

function offMedian(run: Run, winner: State): Way {
  const bar = barOf(run, winner)
  const { listed } = run.policy
  const place = run.previous === UNKNOWN ? undefined : listed!.get(run.previous)
  const previous = place === undefined ? undefined : place - listed!.get(winner)!
  return {
    sets: around(run, winner),
    restSpeaks: false,
    fulfils: ([better = 0, own = 0, worse = 0]) =>
      !decides(run, better + own + worse) || (own < bar && !isMedian(better, own, worse, previous)),
  }
}

/** A threshold that is less severe than the winner's applies only if the winner has lost its own. */
function toThreshold(run: Run, winner: State, rival: State, needed: number): Way {
  const bar = barOf(run, winner)
  const isSeverer = run.policy.thresholds.find(([it]) => it === rival || it === winner)![0] === rival
  return {
    sets: [(state) => state === winner, (state) => state === rival],
    restSpeaks: true,
    fulfils: ([own = 0, others = 0]) => others >= needed && (isSeverer || own < bar),
  }
}

/** Whether the median is `own`; `previous`: the rank of the previous state relative to it. */
function isMedian(better: number, own: number, worse: number, previous: number | undefined): boolean {
  if (better > own + worse || worse > own + better) return false
  const isSplitBehind = worse === own + better
  const isSplitBefore = better === own + worse
  if (!isSplitBehind && !isSplitBefore) return true
  if (previous === undefined) return false
  return previous === 0 || (own > 0 && (isSplitBehind ? previous < 0 : previous > 0))
}
