import {
  faultsText,
  faultText,
  glob,
  type AgentId,
  type AgentSettings,
  type ObjectId,
  type Policy,
  type SourceCommand,
} from '@quorate/contracts'
import type { Origin } from './evaluate'
import { placeOf, type VoteObject } from './object'
import type { VoteState } from './port'
import { removeRow } from './rows'

/** A command that is sent to every partition and may affect every object. */
export type BroadcastCommand = Extract<
  SourceCommand,
  { type: 'policy-set' | 'policy-deleted' | 'agent-set' | 'agent-removed' }
>

/** What a broadcast does to the objects once the settings have changed. */
export interface Sweep {
  readonly origin: Origin
  /** Returns false only if the object cannot be affected. Does not decode the object. */
  touches(id: ObjectId): boolean
  /** Runs on an affected object before it is evaluated. */
  prepare?(object: VoteObject): void
}

/**
 * Changes the settings, or returns the reason for a refusal. `Fold` sweeps the objects and may cut the sweep (vote.md
 * 9). Starting the same record again after a cut changes nothing.
 */
export function beginBroadcast(
  state: VoteState,
  command: BroadcastCommand,
  offset: number,
): Sweep | { readonly reject: string } | 'nothing' {
  if (isRepeated(state, command, offset)) return 'nothing'
  switch (command.type) {
    case 'policy-set': {
      const judged = state.settings.judge(command.data, command.reappended !== undefined)
      if (judged.faults !== undefined) return { reject: faultsText(judged.faults) }
      return changePolicy(state, judged.policy.name, judged.policy, offset, command.type)
    }
    case 'policy-deleted':
      state.settings.knownFrom = offset + 1
      return changePolicy(state, command.data.name, null, offset, command.type)
    case 'agent-set':
      return setAgent(state, command.data)
    case 'agent-removed':
      state.settings.knownFrom = offset + 1
      return removeAgent(state, command.data.agent)
  }
}

/**
 * Whether a record that was appended again is already known: either what is in force is at least as new, or the item
 * may have been deleted since. Only a reader that starts after the record that it repeats has to apply it.
 */
function isRepeated({ settings, pending }: VoteState, command: BroadcastCommand, offset: number): boolean {
  if (!('reappended' in command) || command.reappended === undefined) return false
  // The rest of a sweep that was cut: this record did put the policy in force.
  if (pending?.offset === offset) return false
  const isThere =
    command.type === 'policy-set'
      ? settings.policy(command.data.name) !== undefined
      : settings.agents().has(command.data.agent)
  const from = command.reappended === true ? offset : command.reappended
  return isThere || from < settings.knownFrom
}

function changePolicy(state: VoteState, name: string, after: Policy | null, offset: number, type: string): Sweep {
  const { settings } = state
  // When a cut record is applied again, the settings have already changed. Keep the previous policy until all objects
  // are done.
  if (state.pending?.offset !== offset) state.pending = { offset, before: settings.policy(name) ?? null, after: null }
  if (after === null) settings.deletePolicy(name)
  else settings.setPolicy(after)
  state.savePolicy(name, after)
  const matches = [state.pending.before, after].filter((policy) => policy !== null).map((policy) => glob(policy.match))
  return { origin: { cause: 'policy', type }, touches: (id) => matches.some((match) => match(id)) }
}

/** Whether the object's policy lists the agent as an elector: its weight then counts even if it never reported. */
const isElector = (state: VoteState, id: ObjectId, agent: AgentId): boolean =>
  state.settings.policyOf(id).electorate?.has(agent) === true

function setAgent(state: VoteState, { agent, weight, muted }: AgentSettings): Sweep | { readonly reject: string } {
  const refused = state.settings.refuseAgent(agent)
  if (refused !== undefined) return { reject: faultText(refused) }
  state.settings.setAgent(agent, weight, muted)
  state.saveAgent(agent, state.settings.agent(agent))
  return {
    origin: { cause: 'agent-changed', type: 'agent-set', agent },
    touches: (id) => state.mayHold(id, agent) || isElector(state, id, agent),
  }
}

function removeAgent(state: VoteState, agent: AgentId): Sweep {
  state.settings.deleteAgent(agent)
  state.saveAgent(agent, null)
  return {
    origin: { cause: 'agent-removed', type: 'agent-removed', agent },
    touches: (id) => state.mayHold(id, agent) || isElector(state, id, agent),
    prepare: (object) => {
      const place = placeOf(object, agent)
      if (place >= 0) removeRow(state, object, place)
    },
  }
}
