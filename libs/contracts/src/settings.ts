import type { AgentSettings, Fault } from './policy'
import { AGENT_SETTINGS_SCHEMA } from './policy-schema'
import { compiled, faultsOf, isRecord, withoutNulls } from './schema'

const CHECK = compiled(AGENT_SETTINGS_SCHEMA)

/** An agent's settings as written, or every fault with its place. null members are absent ones. */
export function checkAgentSettings(
  input: unknown,
): { readonly settings: AgentSettings; readonly faults?: undefined } | { readonly faults: readonly Fault[] } {
  if (!isRecord(input)) return { faults: [{ pointer: '', detail: 'must be an object' }] }
  const settings = withoutNulls(input)
  return CHECK.Check(settings)
    ? { settings: settings as unknown as AgentSettings }
    : { faults: faultsOf(CHECK, settings) }
}
