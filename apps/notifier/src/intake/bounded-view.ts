import { isState, LIMITS, type Override, type State, type Trigger, type View } from '@quorate/contracts'

/** Characters; an aggregator's own are shorter, or as long as these. */
const LONG = 4_096
const SHORT = 256
/** Bytes of a record up to which it is taken as it is, unless it has members that nobody knows. */
const SMALL = 8_192
const MEMBERS = 24
const OVERRIDE_MEMBERS = 5
const TRIGGER_MEMBERS = 4

/**
 * A view that fits into every row and message that it becomes a part of: a huge one is told in a shortened form rather
 * than not at all. Almost all are taken as they are.
 * @param bytes of the record
 */
export function boundedView(view: View, bytes: number): View {
  const { override, trigger } = view
  const known =
    count(view) <= MEMBERS &&
    // Part of keys.
    (view.policy === null || view.policy.length <= SHORT) &&
    (override === null || count(override) <= OVERRIDE_MEMBERS) &&
    (trigger === null || count(trigger) <= TRIGGER_MEMBERS)
  return bytes <= SMALL && known ? view : shortened(view)
}

const count = (object: object): number => Object.keys(object).length

function shortened(view: View): View {
  const { object, incarnation, version, revision, state, from, voted, since, decidedAt, cause } = view
  const { contested, stale, flapping, divergent, participants, electorate, quorum } = view
  const { trigger, override, rule, policy, incident } = view
  return {
    object, incarnation, version, revision, state, from, voted, since, decidedAt, cause,
    trigger: trigger && shortTrigger(trigger),
    contested, stale, flapping, divergent,
    override: override && shortOverride(override),
    ...heaviest(view, state),
    participants, electorate, quorum,
    rule: cut(rule, SHORT), policy: cut(policy, SHORT), incident: cut(incident, 2 * SHORT),
  } // prettier-ignore
}

const shortTrigger = ({ type, agent, seq, offset }: Trigger): Trigger => ({
  type: cut(type, SHORT),
  ...(agent === undefined ? {} : { agent: cut(agent, SHORT) }),
  ...(seq === undefined ? {} : { seq }),
  offset,
})

const shortOverride = ({ state, reason, author, expiresAt, mode }: Override): Override => ({
  state: cut(state, SHORT),
  reason: cut(reason, LONG),
  author: cut(author, LONG),
  expiresAt,
  mode,
})

/**
 * The heaviest states and the one that the object is in; what is no state is left out, its name may be as long as a
 * record.
 */
function heaviest({ tally, tallyRest }: View, own: State): Pick<View, 'tally' | 'tallyRest'> {
  const states = Object.entries(tally).filter(([state]) => isState(state))
  if (states.length <= LIMITS.talliedStates)
    return { tally: Object.fromEntries(states), ...(tallyRest === undefined ? {} : { tallyRest }) }
  states.sort(([a, x], [b, y]) => Number(b === own) - Number(a === own) || y - x)
  const left = states.slice(LIMITS.talliedStates)
  const weight = left.reduce((sum, [, one]) => sum + one, tallyRest?.weight ?? 0)
  return {
    tally: Object.fromEntries(states.slice(0, LIMITS.talliedStates)),
    tallyRest: { states: left.length + (tallyRest?.states ?? 0), weight },
  }
}

function cut<T extends string | null>(text: T, most: number): T {
  if (text === null || text.length <= most) return text
  return `${text.slice(0, most - 1).toWellFormed()}…` as T
}
