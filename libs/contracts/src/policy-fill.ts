import { isText, type AgentId, type State } from './ids'
import { LIMITS } from './limits'
import { pointer } from './pointer'
import type { Fault } from './fault'
import type { Policy, PolicyInput } from './policy'
import { isMember, policyShape } from './policy-shape'
import { isRecord, MOST_FAULTS } from './schema'

/** Methods of the vote itself; others are rules registered in code. */
export const METHODS = ['majority', 'ordered'] as const

export type MethodName = (typeof METHODS)[number]

export const isMethodName = (name: string): name is MethodName => (METHODS as readonly string[]).includes(name)

/** The reserved name of the policy below all others. */
export const DEFAULT_POLICY_NAME = 'default'

const DEFAULTS = {
  priority: 0,
  method: 'majority',
  ttl: 60,
  memory: 3600,
  quorum: 'half',
  confirm: {},
  settle: 0,
  unknownAfter: 60,
  onNoQuorum: 'hold',
  maxOverride: 604_800,
  history: 20,
  allowDictator: false,
} as const
const FLAP = { changes: 5, window: 600 } as const

/** In force where no other policy matches. */
export const DEFAULT_POLICY: Policy = { name: DEFAULT_POLICY_NAME, match: '**', ...DEFAULTS, flap: FLAP }

export interface FillOptions {
  /** Rules registered in code, beside `METHODS`. */
  readonly methods?: Iterable<string>
  /** A method that is not known here is none that refuses the policy. */
  readonly anyMethod?: boolean
  /** Weight of an agent by the settings at that place of the log, muted = 0; 1 for all when absent. */
  readonly weightOf?: (agent: AgentId) => number
}

export type Filled =
  | { readonly policy: Policy; readonly faults?: undefined }
  | { readonly faults: readonly Fault[]; readonly policy?: undefined }

/**
 * A policy as written → the policy in force, defaults filled in; or every fault with a pointer to its field (vote.md 9,
 * "Refused"). null members are absent ones.
 */
export function fillPolicy(input: unknown, options: FillOptions = {}): Filled {
  const shape = policyShape(input)
  if (shape.faults !== undefined)
    return { faults: [...shape.faults, ...togetherWithout(shape.faults, input, options)].slice(0, MOST_FAULTS) }
  const policy = filled(shape.input)
  const faults = [...together(policy, options)].slice(0, MOST_FAULTS)
  if (faults.length > 0) return { faults }
  const bytes = Buffer.byteLength(JSON.stringify(policy))
  return bytes > LIMITS.policyBytes ? { faults: [fault(tooLarge(bytes))] } : { policy }
}

const tooLarge = (bytes: number) =>
  `must be at most ${LIMITS.policyBytes} bytes of JSON, defaults filled in, and has ${bytes}`

const filled = ({ flap, ...given }: PolicyInput): Policy => ({ ...DEFAULTS, ...given, flap: { ...FLAP, ...flap } })

/** What a fault of one member may say wrongly when the other is filled in by its default. */
const JUDGED_WITH: Readonly<Record<string, readonly string[]>> = {
  ttl: ['memory'],
  states: ['thresholds', 'states'],
  allowDictator: ['electorate'],
}

/**
 * Faults of what the sound members mean together, where others have no sound shape: all faults are told at once. The
 * members without one are taken as absent; what is judged together with them is not judged.
 */
function togetherWithout(shape: readonly Fault[], input: unknown, options: FillOptions): Fault[] {
  if (!isRecord(input)) return []
  const unsound = new Set(shape.map(({ pointer: at }) => memberOf(at)))
  const sound = Object.fromEntries(Object.entries(input).filter(([name]) => isMember(name) && !unsound.has(name)))
  const rest = policyShape({ name: 'x', match: '', ...sound })
  if (rest.faults !== undefined) return []
  const silent = new Set([...unsound].flatMap((name) => [name, ...(JUDGED_WITH[name] ?? [])]))
  return [...together(filled(rest.input), options)].filter(({ pointer: at }) => !silent.has(memberOf(at)))
}

/** The member of the policy that a pointer leads into. */
const memberOf = (at: string): string => at.split('/')[1]?.replaceAll('~1', '/').replaceAll('~0', '~') ?? ''

function* together(policy: Policy, options: FillOptions): Iterable<Fault> {
  if (policy.name === DEFAULT_POLICY_NAME) yield fault('the name of the built-in policy is reserved', 'name')
  if (!options.anyMethod) yield* methodFaults(policy.method, options.methods)
  if (!isQuorum(policy.quorum)) yield fault('must be half, majority, an integer or a share such as "60%"', 'quorum')
  if (policy.memory < policy.ttl) yield fault(`must be at least ttl (${policy.ttl})`, 'memory')
  if (policy.method === 'ordered' && policy.states === undefined)
    yield fault('missing: the method ordered needs it', 'states')
  yield* thresholdFaults(policy)
  yield* groupFaults(policy)
  if (!policy.allowDictator) yield* dictator(policy, options.weightOf ?? (() => 1))
}

const fault = (detail: string, ...path: (string | number)[]): Fault => ({ pointer: pointer(...path), detail })

function* methodFaults(method: string, registered: Iterable<string> = []): Iterable<Fault> {
  const known = [...METHODS, ...registered]
  if (!known.includes(method)) yield fault(`unknown method; known here: ${known.join(', ')}`, 'method')
}

function isQuorum(quorum: Policy['quorum']): boolean {
  if (typeof quorum === 'number') return Number.isSafeInteger(quorum) && quorum >= 0
  return quorum === 'half' || quorum === 'majority' || /^(100|[1-9]?[0-9])%$/.test(quorum)
}

function* thresholdFaults({ thresholds = {}, states }: Policy): Iterable<Fault> {
  for (const state of Object.keys(thresholds)) {
    if (states !== undefined && !states.includes(state))
      yield fault('not one of the listed states', 'thresholds', state)
    if (states === undefined && /^[0-9]+$/.test(state)) {
      yield fault('a name of digits alone has no order of its own: list the states', 'thresholds', state)
    }
  }
}

function* groupFaults({ groups = {} }: Policy): Iterable<Fault> {
  const seen = new Map<AgentId, string>()
  for (const [name, agents] of Object.entries(groups)) {
    if (name === 'default') yield fault('the group of those in no group is called so', 'groups', name)
    if (!isText(name, 1, LIMITS.nameBytes))
      yield fault('must be named by 1–256 bytes without control characters', 'groups', name)
    for (const [i, agent] of agents.entries()) {
      const other = seen.get(agent)
      if (other !== undefined) yield fault(`is in the group ${other} already`, 'groups', name, i)
      seen.set(agent, name)
    }
  }
}

function* dictator({ electorate = [] }: Policy, weightOf: (agent: AgentId) => number): Iterable<Fault> {
  const weights = electorate.map(weightOf)
  const all = weights.reduce((sum, weight) => sum + weight, 0)
  const at = weights.findIndex((weight) => 2 * weight > all)
  if (at >= 0) yield fault('holds more than half of the weight (allowDictator permits it)', 'electorate', at)
}

/** More severe first: the order in which thresholds are tried (vote.md 4). */
export function bySeverity({ thresholds = {}, states }: Policy): State[] {
  const named = Object.keys(thresholds)
  return states === undefined ? named : named.sort((a, b) => states.indexOf(b) - states.indexOf(a))
}
