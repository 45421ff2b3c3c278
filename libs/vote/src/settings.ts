import {
  compareUtf8,
  DEFAULT_POLICY,
  fillPolicy,
  LIMITS,
  type AgentId,
  type Fault,
  type ObjectId,
  type Policy,
} from '@quorate/contracts'
import { chosen, inForce, isRegistered, type InForce } from './in-force'
import { NO_RULES, type Rules } from './rule'
import { notRegistered, type RuleFault } from './rule-fault'

/** An agent's settings with defaults filled in. */
export interface AgentWeight {
  readonly weight: number
  readonly muted: boolean
}

const PLAIN: AgentWeight = { weight: 1, muted: false }

/** Policies and agents' settings at one place of the log (vote.md 9). */
export class Settings {
  /** Increases with every change: what was counted under another version is counted again. */
  version = 0
  /**
   * The offset from which all records are known: this reader's first record, or the one after the last deletion. A
   * record that was appended again and repeats an earlier place may have been deleted since.
   */
  knownFrom = 0
  readonly #rules: Rules
  readonly #default: InForce
  readonly #policies = new Map<string, InForce>()
  readonly #agents = new Map<AgentId, AgentWeight>()
  #ranked: InForce[] = []
  #electorates = new Map<InForce, readonly number[]>()

  constructor(rules: Rules = NO_RULES) {
    this.#rules = rules
    this.#default = inForce(DEFAULT_POLICY, rules)
  }

  /** The policy in force for an object: the highest priority that matches, then the first name by bytes. */
  policyOf(id: ObjectId): InForce {
    return this.#ranked.length === 0 ? this.#default : chosen(this.#ranked, id, this.#default)
  }

  /**
   * Validates a policy with the agents' settings of this place of the log. A policy that was appended again was
   * validated when it was put in force: neither a later weight nor a rule that is no longer registered refuses it.
   */
  judge(
    input: unknown,
    reappended = false,
  ): { readonly policy: Policy; readonly faults?: undefined } | { readonly faults: readonly Fault[] } {
    const filled = fillPolicy(input, {
      methods: this.#rules.keys(),
      anyMethod: reappended,
      weightOf: (agent) => (reappended ? 0 : this.weightOf(agent)),
    })
    const isOneMore = filled.policy !== undefined && !this.#policies.has(filled.policy.name)
    if (!isOneMore || this.#policies.size < LIMITS.policies) return filled
    const detail = `the limit of ${LIMITS.policies} policies is reached: delete one first`
    return { faults: [{ pointer: '/name', detail }] }
  }

  /**
   * Returns why settings of one more agent cannot be stored; undefined if they can, or if the agent already has some.
   */
  refuseAgent(agent: AgentId): Fault | undefined {
    if (this.#agents.size < LIMITS.agentSettings || this.#agents.has(agent)) return undefined
    const detail = `the limit of ${LIMITS.agentSettings} agents with settings is reached: remove one first`
    return { pointer: '/agent', detail }
  }

  setPolicy(policy: Policy): void {
    this.#policies.set(policy.name, inForce(policy, this.#rules))
    this.#changed()
  }

  deletePolicy(name: string): boolean {
    const there = this.#policies.delete(name)
    if (there) this.#changed()
    return there
  }

  setAgent(agent: AgentId, weight = PLAIN.weight, muted = PLAIN.muted): void {
    this.#agents.set(agent, { weight, muted })
    this.#weighed()
  }

  deleteAgent(agent: AgentId): boolean {
    const there = this.#agents.delete(agent)
    if (there) this.#weighed()
    return there
  }

  agent(agent: AgentId): AgentWeight {
    return this.#agents.get(agent) ?? PLAIN
  }

  /** 0 if muted: muted agents are in no electorate. */
  weightOf(agent: AgentId): number {
    if (this.#agents.size === 0) return PLAIN.weight
    const settings = this.#agents.get(agent)
    return settings === undefined ? PLAIN.weight : settings.muted ? 0 : settings.weight
  }

  /** `E` of each ballot of a policy that lists its electorate. */
  electorateOf(policy: InForce): readonly number[] {
    let weights = this.#electorates.get(policy)
    if (weights === undefined) {
      const sums = new Array<number>(policy.ballots).fill(0)
      for (const agent of policy.electorate!) sums[policy.groupOf(agent)]! += this.weightOf(agent)
      this.#electorates.set(policy, (weights = sums))
    }
    return weights
  }

  /** Returns why this process cannot decide by the method; undefined if it can. */
  ruleFaultOf(method: string): RuleFault | undefined {
    return isRegistered(method, this.#rules) ? undefined : notRegistered(method)
  }

  policies(): readonly Policy[] {
    return this.#ranked.map(({ policy }) => policy)
  }

  policy(name: string): Policy | undefined {
    return this.#policies.get(name)?.policy
  }

  agents(): ReadonlyMap<AgentId, AgentWeight> {
    return this.#agents
  }

  #weighed(): void {
    this.version++
    if (this.#electorates.size > 0) this.#electorates = new Map()
  }

  #changed(): void {
    this.#weighed()
    this.#ranked = [...this.#policies.values()].sort(
      (a, b) => b.policy.priority - a.policy.priority || compareUtf8(a.name, b.name),
    )
  }
}
