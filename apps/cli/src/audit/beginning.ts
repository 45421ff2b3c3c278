import { decodeSource, type Policy, type SourceCommand } from '@quorate/contracts'
import type { Log } from '@quorate/log'
import { Settings, type Rules } from '@quorate/vote'
import { recordsOf, type Stretch } from '../simulate/source-topic'

/** What is known of a partition at the start of its source. */
export interface Beginning {
  /** The settings in force from the first available record on. */
  readonly settings: Settings
  /** Objects created from this offset on can be judged; 0: all of them. */
  readonly judgedFrom: number
}

interface First {
  readonly offset: number
  /** The settings before the record, if it repeats them; undefined: unknown. */
  readonly before: SourceCommand | undefined
}

/**
 * If the source has lost its beginning, the settings in force at its start are derived from the rest: settings that no
 * record changes have not changed since; those that were appended again were the same before. After any other record,
 * the settings before it are unknown.
 */
export async function beginningOf(log: Log, stretch: Stretch, now: Settings, rules: Rules): Promise<Beginning> {
  if (stretch.start === 0) return { settings: new Settings(rules), judgedFrom: 0 }
  const firsts = await firstsOf(log, stretch)
  const settings = new Settings(rules)
  let judgedFrom = stretch.start
  for (const [agent, { weight, muted }] of now.agents())
    if (!firsts.has(`agent ${agent}`)) settings.setAgent(agent, weight, muted)
  const policies: Policy[] = now.policies().filter(({ name }) => !firsts.has(`policy ${name}`))
  for (const { offset, before } of firsts.values()) {
    if (before === undefined) judgedFrom = Math.max(judgedFrom, offset + 1)
    else if (before.type === 'agent-set') settings.setAgent(before.data.agent, before.data.weight, before.data.muted)
    else if (before.type === 'policy-set') {
      const judged = settings.judge(before.data, before.reappended !== undefined)
      if (judged.faults !== undefined) judgedFrom = Math.max(judgedFrom, offset + 1)
      else policies.push(judged.policy)
    }
  }
  for (const policy of policies) settings.setPolicy(policy)
  return { settings, judgedFrom }
}

async function firstsOf(log: Log, stretch: Stretch): Promise<Map<string, First>> {
  const firsts = new Map<string, First>()
  for await (const records of recordsOf(log, stretch))
    for (const record of records) {
      if (record.key !== null) continue
      const { command } = decodeSource(record)
      const name = command && nameOf(command)
      if (command === undefined || name === undefined || firsts.has(name)) continue
      firsts.set(name, { offset: record.offset, before: repeats(command, stretch.start) ? command : undefined })
    }
  return firsts
}

/**
 * Whether it was in force at the start of the source: between the place that it repeats and the start it may have
 * changed.
 */
const repeats = (command: SourceCommand, start: number): boolean =>
  'reappended' in command &&
  command.reappended !== undefined &&
  (command.reappended === true || command.reappended >= start)

function nameOf(command: SourceCommand): string | undefined {
  switch (command.type) {
    case 'policy-set':
    case 'policy-deleted':
      return `policy ${command.data.name}`
    case 'agent-set':
    case 'agent-removed':
      return `agent ${command.data.agent}`
    default:
      return undefined
  }
}
