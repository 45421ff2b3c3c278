import { loadConfig } from '@quorate/config'
import { type Fault, isRecord } from '@quorate/contracts'
import { CHANNELS } from '../../../notifier/src/channels'
import {
  entriesIn,
  faultsIn,
  referencesOf,
  SecretError,
  secretFaults,
  SecretReader,
  SecretScope,
} from '../../../notifier/src/configuration'
import { routingOf } from '../../../notifier/src/settings'

/** What a file says of the notifier, judged as a start would. */
export interface CheckedFile {
  readonly faults: readonly Fault[]
  /** References to secrets that lead nowhere on this machine: no fault, since the notifier may run elsewhere. */
  readonly unset: readonly string[]
  readonly counts: {
    readonly receivers: number
    readonly silences: number
    readonly inhibitions: number
    readonly routes: number
  }
}

/**
 * Checks the section `notify:` of a YAML file, and the settings beside it.
 * @throws ConfigError for the settings, and for what is no section
 */
export async function checkFile(path: string, env = process.env): Promise<CheckedFile> {
  const config = loadConfig('cli', { env: { ...env, QUORATE_CONFIG: path } })
  const written = {
    receivers: new Map<string, unknown>(),
    silences: new Map<string, unknown>(),
    inhibitions: new Map<string, unknown>(),
  }
  let routes: unknown
  for (const { table, name, value } of entriesIn(config.sections)) {
    if (table === 'routes') routes = value
    else written[table].set(name, value)
  }
  const builtIn = new Set(routingOf(config).receivers.map(({ name }) => name))
  const faults = faultsIn({ ...written, ...(routes === undefined ? {} : { routes }) }, { channels: CHANNELS, builtIn })
  const secrets = new SecretReader({ scope: new SecretScope(config.secretsDir, config.secretVariables), env })
  const refused = await secretFaults(written.receivers, secrets)
  const unset = await unsetIn(written.receivers, secrets, new Set(refused.map(({ pointer }) => pointer)))
  const { receivers, silences, inhibitions } = written
  const counts = { receivers: receivers.size, silences: silences.size, inhibitions: inhibitions.size, routes: routesIn(routes) } // prettier-ignore
  return { faults: [...faults, ...refused], unset, counts }
}

const routesIn = (route: unknown): number => {
  if (!isRecord(route)) return 0
  const below = Array.isArray(route.routes) ? (route.routes as unknown[]) : []
  return below.reduce<number>((sum, one) => sum + routesIn(one), 1)
}

/** What is said of the references that lead nowhere here. */
async function unsetIn(
  receivers: ReadonlyMap<string, unknown>,
  secrets: SecretReader,
  but: ReadonlySet<string>,
): Promise<string[]> {
  const references = [...referencesOf(receivers)].filter(({ pointer }) => !but.has(pointer))
  const read = await secrets.read(references.map(({ reference }) => reference))
  const said = references.flatMap(({ reference }) => {
    try {
      read.reveal(reference.whole)
      return []
    } catch (error) {
      if (error instanceof SecretError) return [error.message]
      throw error
    }
  })
  return [...new Set(said)]
}
