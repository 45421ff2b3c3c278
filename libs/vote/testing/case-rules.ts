import type { Rule, Rules } from '../src'

/** The state that most participants vote for, by count; throws if anybody votes `boom`, as faulty user code may. */
const moody: Rule = (participants) => {
  const counts = new Map<string, number>()
  for (const { state } of participants) {
    if (state === 'boom') throw new TypeError("Cannot read properties of undefined (reading 'boom')")
    counts.set(state, (counts.get(state) ?? 0) + 1)
  }
  const [first, second] = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
  if (second !== undefined && second[1] === first![1]) return { contested: true, rule: 'moody' }
  return { winner: first![0], rule: 'moody' }
}

/** Invalid return values of rules, by what the participants vote for. */
const NONSENSE: Readonly<Record<string, unknown>> = {
  nothing: undefined,
  null: null,
  text: 'up',
  promise: Promise.resolve({ winner: 'up', rule: 'nonsense' }),
  'no-rule': { winner: 'up' },
  'empty-rule': { winner: 'up', rule: '' },
  'no-state': { winner: 'Up!', rule: 'nonsense' },
  'a-number': { winner: 5, rule: 'nonsense' },
  'not-contested': { contested: false, rule: 'nonsense' },
  'odd-contested': { winner: 'up', contested: 'yes', rule: 'nonsense' },
  circle: (() => {
    const circle: Record<string, unknown> = { rule: 7 }
    circle.self = circle
    return circle
  })(),
}

const nonsense: Rule = (participants) =>
  (participants[0]!.state in NONSENSE
    ? NONSENSE[participants[0]!.state]
    : { winner: participants[0]!.state, rule: 'nonsense' }) as ReturnType<Rule>

/** The rules that the cases of `vote/cases/rules.json` name. */
export const CASE_RULES: Rules = new Map([
  ['moody', moody],
  ['nonsense', nonsense],
])
export const NONSENSE_STATES = Object.keys(NONSENSE)
