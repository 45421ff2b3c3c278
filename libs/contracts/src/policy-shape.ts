import { LIMITS } from './limits'
import { pointer } from './pointer'
import type { Fault } from './fault'
import type { PolicyInput } from './policy'
import { AGENTS_RULE, POLICY_SHAPE, STATES_RULE } from './policy-schema'
import { compiled, faultsOf, isRecord, MOST_FAULTS, withoutNulls } from './schema'

const CHECK = compiled(POLICY_SHAPE)
const KNOWN: ReadonlySet<string> = new Set(Object.keys(POLICY_SHAPE.properties))

export const isMember = (name: string): boolean => KNOWN.has(name)

/** Judges the shape alone, in time that grows with the size of the policy: what is above a limit is not looked into. */
export function policyShape(input: unknown): { input: PolicyInput; faults?: undefined } | { faults: Fault[] } {
  if (!isRecord(input)) return { faults: [{ pointer: '', detail: 'must be an object' }] }
  const bare = withoutNulls(input)
  if (isRecord(bare.flap)) bare.flap = withoutNulls(bare.flap)
  const large = [...oversized(bare)]
  if (large.length > 0) {
    const members = new Set(large.map(({ pointer: at }) => at.split('/')[1]!))
    const rest = Object.fromEntries(Object.entries(bare).filter(([name]) => !members.has(name)))
    return { faults: [...large, ...(CHECK.Check(rest) ? [] : faultsOf(CHECK, rest))].slice(0, MOST_FAULTS) }
  }
  const few = withFewUnknown(bare)
  if (!CHECK.Check(few)) return { faults: faultsOf(CHECK, few) }
  const repeated = [...repeats(bare as unknown as PolicyInput)]
  return repeated.length > 0 ? { faults: repeated } : { input: bare as unknown as PolicyInput }
}

/** More unknown members than are told need not be looked at. */
function withFewUnknown(bare: Record<string, unknown>): Record<string, unknown> {
  const unknown = Object.keys(bare).filter((name) => !KNOWN.has(name))
  if (unknown.length <= MOST_FAULTS) return bare
  const told = new Set(unknown.slice(0, MOST_FAULTS))
  return Object.fromEntries(Object.entries(bare).filter(([name]) => KNOWN.has(name) || told.has(name)))
}

function* oversized({ states, electorate, groups, thresholds, confirm }: Record<string, unknown>): Iterable<Fault> {
  if (Array.isArray(states) && states.length > LIMITS.policyStates) yield fault(STATES_RULE, 'states')
  if (isLong(electorate)) yield fault(AGENTS_RULE, 'electorate')
  for (const [name, map, most] of [
    ['groups', groups, LIMITS.policyGroups],
    ['thresholds', thresholds, LIMITS.policyStates],
    ['confirm', confirm, LIMITS.policyStates],
  ] as const) {
    if (!isRecord(map)) continue
    if (Object.keys(map).length > most) yield fault(`an object of at most ${most} members`, name)
    else if (name === 'groups')
      for (const [group, agents] of Object.entries(map)) if (isLong(agents)) yield fault(AGENTS_RULE, name, group)
  }
}

const isLong = (agents: unknown): boolean => Array.isArray(agents) && agents.length > LIMITS.policyElectorate

function* repeats({ states, electorate, groups = {} }: PolicyInput): Iterable<Fault> {
  if (repeatsItself(states)) yield fault(STATES_RULE, 'states')
  if (repeatsItself(electorate)) yield fault(AGENTS_RULE, 'electorate')
  for (const [name, agents] of Object.entries(groups))
    if (repeatsItself(agents)) yield fault(AGENTS_RULE, 'groups', name)
}

const repeatsItself = (items: readonly string[] = []): boolean => new Set(items).size < items.length

const fault = (rule: string, ...path: string[]): Fault => ({ pointer: pointer(...path), detail: `must be ${rule}` })
