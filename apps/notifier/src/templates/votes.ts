import type { State, View } from '@quorate/contracts'
import { toneOf, type Tone } from './tone'

/** The weight that stands behind one state. */
export interface Vote {
  readonly state: State
  readonly weight: number
  /** In whole percent of all that was counted, at least 1. */
  readonly percent: number
  readonly tone: Tone
  /** It is what the vote decided for. */
  readonly agrees: boolean
}

/** Most states that are listed one by one. */
const MOST = 8

/** The tally, the winner first, then by weight; cut to the heaviest. */
export function votesOf(view: View): Vote[] {
  const all = weightOf(view)
  return Object.entries(view.tally)
    .map(([state, weight]) => ({
      state,
      weight,
      percent: Math.max(1, Math.round((100 * weight) / all)),
      tone: toneOf(state),
      agrees: state === view.voted,
    }))
    .sort((a, b) => Number(b.agrees) - Number(a.agrees) || b.weight - a.weight)
    .slice(0, MOST)
}

/** Of all votes, those of states that the tally does not show included. */
const weightOf = ({ tally, tallyRest }: View): number =>
  Object.values(tally).reduce((sum, weight) => sum + weight, tallyRest?.weight ?? 0)

/** `2 of 3 say down`; with weights other than 1 `weight 5 of 7 says down`. Empty where nobody votes. */
export function majority(view: View): string {
  const all = weightOf(view)
  if (view.participants === 0 || all === 0) return ''
  // Among so many states that it is not shown: how many say it is not known here.
  if (view.tallyRest !== undefined && view.tally[view.voted] === undefined) return ''
  const weight = view.tally[view.voted] ?? 0
  const weighted = all > view.participants || !Object.values(view.tally).every(Number.isInteger)
  if (weighted) return `weight ${number(weight)} of ${number(all)} says ${view.voted}`
  return `${weight} of ${view.participants} ${view.participants === 1 ? 'says' : 'say'} ${view.voted}`
}

/** Who says something else: `1 says up, 2 say unknown`; empty where nobody does. */
export function dissent(view: View): string {
  return votesOf(view)
    .filter(({ agrees }) => !agrees)
    .map(({ state, weight }) => `${number(weight)} ${weight === 1 ? 'says' : 'say'} ${state}`)
    .join(', ')
}

/** `2 down, 1 up` */
export const tallyText = (view: View): string =>
  votesOf(view)
    .map(({ state, weight }) => `${number(weight)} ${state}`)
    .join(', ')

const number = (weight: number): string => String(Math.round(weight * 1000) / 1000)
