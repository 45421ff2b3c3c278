import {
  bySeverity,
  glob,
  isMethodName,
  type AgentId,
  type Glob,
  type MethodName,
  type ObjectId,
  type Policy,
  type State,
} from '@quorate/contracts'
import { ORDERED, MAJORITY } from './methods'
import { quorumOf } from './quorum'
import { ruleMethod, undecided, type Method, type Rules } from './rule'
import { notRegistered } from './rule-fault'

/** A policy prepared for deciding: durations in ms, names resolved once. */
export interface InForce {
  readonly policy: Policy
  readonly name: string
  readonly matches: Glob
  readonly ttl: number
  readonly memory: number
  readonly settle: number
  readonly unknownAfter: number
  readonly flapWindow: number
  readonly maxOverride: number
  /** Rank of each listed state, best (or least severe) first; null if any state is allowed. */
  readonly listed: ReadonlyMap<State, number> | null
  readonly electorate: ReadonlySet<AgentId> | null
  /** Number of ballots: 1, or one per group and one for `default`. */
  readonly ballots: number
  /** Names of the groups in the order of their ballots, `default` last; empty if there are no groups. */
  readonly groups: readonly string[]
  groupOf(agent: AgentId): number
  /** Thresholds, most severe first. */
  readonly thresholds: readonly (readonly [State, number])[]
  confirm(state: State): number
  quorum(electorate: number): number
  readonly method: Method
  /** Whether the method is registered in this process; if not, the state is held (vote.md 5). */
  readonly registered: boolean
}

const ms = (seconds: number): number => Math.round(seconds * 1000)

export function inForce(policy: Policy, rules: Rules): InForce {
  const { states, electorate, confirm, quorum } = policy
  const groups = Object.entries(policy.groups ?? {})
  const places = new Map(groups.flatMap(([, agents], place) => agents.map((agent) => [agent, place] as const)))
  const confirmed = new Map(Object.entries(confirm).map(([state, seconds]) => [state, ms(seconds)]))
  const otherwise = confirmed.get('*') ?? 0
  return {
    policy,
    name: policy.name,
    matches: glob(policy.match),
    ttl: ms(policy.ttl),
    memory: ms(policy.memory),
    settle: ms(policy.settle),
    unknownAfter: ms(policy.unknownAfter),
    flapWindow: ms(policy.flap.window),
    maxOverride: ms(policy.maxOverride),
    listed: states === undefined ? null : new Map(states.map((state, place) => [state, place])),
    electorate: electorate === undefined ? null : new Set(electorate),
    ballots: groups.length === 0 ? 1 : groups.length + 1,
    groups: groups.length === 0 ? [] : [...groups.map(([name]) => name), 'default'],
    groupOf: groups.length === 0 ? () => 0 : (agent) => places.get(agent) ?? groups.length,
    thresholds: bySeverity(policy).map((state) => [state, policy.thresholds![state]!] as const),
    confirm: confirmed.size === 0 ? () => 0 : (state) => confirmed.get(state) ?? otherwise,
    quorum: quorumOf(quorum),
    method: methodOf(policy.method, rules),
    registered: isRegistered(policy.method, rules),
  }
}

const BUILT_IN: Record<MethodName, Method> = { majority: MAJORITY, ordered: ORDERED }

export const isRegistered = (name: string, rules: Rules): boolean => isMethodName(name) || rules.has(name)

function methodOf(name: string, rules: Rules): Method {
  if (isMethodName(name)) return BUILT_IN[name]
  const rule = rules.get(name)
  if (rule !== undefined) return ruleMethod(name, rule)
  const verdict = undecided(notRegistered(name))
  return () => verdict
}

/** The first policy that matches; `policies` are in order of precedence (vote.md 9). */
export function chosen(policies: readonly InForce[], id: ObjectId, otherwise: InForce): InForce {
  for (const policy of policies) if (policy.matches(id)) return policy
  return otherwise
}
