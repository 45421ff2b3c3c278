import { isDeepStrictEqual } from 'node:util'
import { ConfigError, type Config } from '@quorate/config'
import { decodeSourceData, faultText, pointer, type AgentId, type Policy, type PolicyInput } from '@quorate/contracts'
import { Settings, type AgentWeight, type Rules } from '@quorate/vote'

/** Policies and agents' settings as `quorate.yaml` has them, judged. */
export interface Declared {
  /** Whether there is a file at all: without one nothing was taken out of it. */
  readonly isRead: boolean
  readonly agents: ReadonlyMap<AgentId, AgentWeight>
  readonly policies: readonly { readonly input: PolicyInput; readonly policy: Policy }[]
}

/**
 * Reads the sections `policies:` and `agents:`: lists, or mappings by name. A policy is judged with the agents of the
 * same file.
 * @throws ConfigError with every fault and the place of each
 */
export function declaredIn({ sections }: Pick<Config, 'sections'>, rules: Rules): Declared {
  const faults: string[] = []
  const settings = new Settings(rules)
  const policies: { input: PolicyInput; policy: Policy }[] = []
  const { policies: some, agents, file, isRead } = sections
  const fault = (at: string, why: string) => void faults.push(`${at} in ${file} ${why}.`)
  for (const { at, entry } of entriesOf(agents, 'agents', 'agent', fault)) {
    const { command, reject } = decodeSourceData('agent-set', null, entry, 0)
    if (command?.type === 'agent-set') settings.setAgent(command.data.agent, command.data.weight, command.data.muted)
    else fault(at, `is refused: ${reject}`)
  }
  const names = new Set<string>()
  for (const { at, entry } of entriesOf(some, 'policies', 'name', fault)) {
    const judged = settings.judge(entry)
    if (judged.faults !== undefined) fault(at, `is refused: ${judged.faults.map(faultText).join('; ')}`)
    else if (names.has(judged.policy.name)) fault(at, `is refused: /name: ${judged.policy.name} is there twice`)
    else policies.push({ input: entry as PolicyInput, policy: judged.policy })
    if (judged.faults === undefined) names.add(judged.policy.name)
  }
  if (faults.length > 0) throw new ConfigError(faults)
  return { isRead: isRead === true, agents: settings.agents(), policies }
}

interface Entry {
  /** `/policies/0`, `/policies/sites`. */
  readonly at: string
  readonly entry: unknown
}

const isMapping = (it: unknown): it is Record<string, unknown> =>
  typeof it === 'object' && it !== null && !Array.isArray(it)

function entriesOf(section: unknown, name: string, key: string, fault: (at: string, why: string) => void): Entry[] {
  if (section === undefined || section === null) return []
  if (Array.isArray(section)) return section.map((entry: unknown, i) => ({ at: pointer(name, i), entry }))
  if (!isMapping(section)) {
    fault(pointer(name), 'must be a list, or a mapping by name')
    return []
  }
  return Object.entries(section).map(([named, entry]) => ({
    at: pointer(name, named),
    entry: isMapping(entry) || entry === null ? { [key]: named, ...entry } : entry,
  }))
}

/** Whether two policies in force decide the same: the order of thresholds counts where no states are listed. */
export function isSamePolicy(a: Policy, b: Policy): boolean {
  const orderOf = ({ thresholds = {} }: Policy) => Object.keys(thresholds)
  return isDeepStrictEqual(a, b) && isDeepStrictEqual(orderOf(a), orderOf(b))
}
