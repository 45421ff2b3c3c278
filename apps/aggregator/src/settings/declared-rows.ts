import { type AgentId, isRecord, type Policy } from '@quorate/contracts'
import type { Log } from '@quorate/log'
import { KeyValueTable } from '@quorate/state-store'
import type { AgentWeight } from '@quorate/vote'
import { isSamePolicy, type Declared } from './declared'

const POLICY = 'declared/policies/'
const AGENT = 'declared/agents/'

/**
 * What the file declared when it was last put in force: kept with the settings, to tell what has been taken out of it
 * since.
 */
export class DeclaredRows {
  private constructor(private readonly table: KeyValueTable<unknown>) {}

  static async open(log: Log, settings: string): Promise<DeclaredRows> {
    return new DeclaredRows(await KeyValueTable.open<unknown>({ log, topic: settings }))
  }

  /** Policies that the file no longer has, as it had them. */
  policiesWithout({ policies }: Declared): [name: string, Policy][] {
    const named = new Set(policies.map(({ policy }) => policy.name))
    return this.#under<Policy>(POLICY).filter(([name]) => !named.has(name))
  }

  agentsWithout({ agents }: Declared): [AgentId, AgentWeight][] {
    return this.#under<AgentWeight>(AGENT).filter(([agent]) => !agents.has(agent))
  }

  /** Notes the file as it is. An unchanged one writes nothing. */
  async note({ policies, agents }: Declared): Promise<void> {
    const now = new Map<string, unknown>()
    for (const { policy } of policies) now.set(`${POLICY}${policy.name}`, policy)
    for (const [agent, { weight, muted }] of agents) now.set(`${AGENT}${agent}`, { weight, muted })
    const before = new Map([...this.table.entries()].filter(([key]) => key.startsWith(POLICY) || key.startsWith(AGENT)))
    const gone = [...before.keys()].filter((key) => !now.has(key)).map((key) => [key, undefined] as const)
    const changed = [...now].filter(([key, value]) => !isSame(before.get(key), value))
    if (gone.length + changed.length > 0) await this.table.putAll([...changed, ...gone])
  }

  close(): Promise<void> {
    return this.table.close()
  }

  /** What others wrote there is nothing that the file declared. */
  #under<V>(prefix: string): [string, V][] {
    return [...this.table.entries()].flatMap(([key, value]) =>
      key.startsWith(prefix) && isRecord(value) ? [[key.slice(prefix.length), value as V] as [string, V]] : [],
    )
  }
}

const isSame = (a: unknown, b: unknown): boolean => isRecord(a) && isSamePolicy(a as unknown as Policy, b as Policy)
