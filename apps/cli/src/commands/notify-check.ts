import { loadConfig } from '@quorate/config'
import { type Fault, isRecord } from '@quorate/contracts'
import { isIP } from 'node:net'
import { CHANNELS } from '../../../notifier/src/channels'
import { allowList, isAllowed } from '../../../notifier/src/channels/address-guard'
import {
  entriesIn,
  type ReceiverDocument,
  faultsIn,
  referencesOf,
  SecretError,
  secretFaults,
  templateFaultsIn,
  SecretReader,
  SecretScope,
} from '../../../notifier/src/configuration'
import { routingOf } from '../../../notifier/src/configuration/default-routing'

/** The notifier's configuration in a file, validated like at a start. */
export interface CheckedFile {
  readonly faults: readonly Fault[]
  /** References to secrets that are not set on this machine: not a fault, because the notifier may run elsewhere. */
  readonly unset: readonly string[]
  /** Not faults, but possible mistakes. */
  readonly notes: readonly string[]
  readonly counts: {
    readonly receivers: number
    readonly silences: number
    readonly inhibitions: number
    readonly routes: number
  }
}

/**
 * Checks the section `notify:` of a YAML file and the settings beside it.
 * @throws ConfigError for invalid settings, and if the section is not an object
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
  const texts = templateFaultsIn(written.receivers, CHANNELS).filter(
    ({ pointer: at }) => !faults.some((fault) => fault.pointer === at),
  )
  const refused = await secretFaults(written.receivers, secrets)
  const unset = await unsetIn(written.receivers, secrets, new Set(refused.map(({ pointer }) => pointer)))
  const { receivers, silences, inhibitions } = written
  const counts = {
    receivers: receivers.size,
    silences: silences.size,
    inhibitions: inhibitions.size,
    routes: routesIn(routes),
  }
  const notes = faults.length > 0 ? [] : [...privateAddresses(receivers), ...unused(receivers, routes)]
  return { faults: [...faults, ...texts, ...refused], unset, notes, counts }
}

/** Endpoints whose address is private and not allowed: requests to it are refused. */
function* privateAddresses(receivers: ReadonlyMap<string, unknown>): Iterable<string> {
  for (const [name, receiver] of receivers)
    for (const [i, { settings = {} }] of (receiver as ReceiverDocument).endpoints.entries()) {
      const { url, host, allowAddresses = [] } = settings as { url?: string; host?: string; allowAddresses?: string[] }
      const given = host ?? (url !== undefined && URL.canParse(url) ? new URL(url).hostname : undefined)
      if (given === undefined) continue
      const address = given === 'localhost' ? '127.0.0.1' : given.replace(/^\[|\]$/g, '')
      if (isIP(address) !== 0 && !isAllowed(address, allowList(allowAddresses)))
        yield `/receivers/${name}/endpoints/${i}: ${given} is private, and is refused unless allowAddresses lists it`
    }
}

/** Receivers that no route and no other receiver names. */
function* unused(receivers: ReadonlyMap<string, unknown>, routes: unknown): Iterable<string> {
  const named = new Set(namedIn(routes))
  for (const receiver of receivers.values()) named.add((receiver as ReceiverDocument).fallback ?? '')
  for (const name of receivers.keys())
    if (!named.has(name)) yield `/receivers/${name}: no route and no fallback leads here; it notifies nobody`
}

function* namedIn(route: unknown): Iterable<string> {
  if (!isRecord(route)) return
  if (typeof route['receiver'] === 'string') yield route['receiver']
  if (Array.isArray(route['routes'])) for (const one of route['routes'] as unknown[]) yield* namedIn(one)
}

const routesIn = (route: unknown): number => {
  if (!isRecord(route)) return 0
  const below = Array.isArray(route.routes) ? (route.routes as unknown[]) : []
  return below.reduce<number>((sum, one) => sum + routesIn(one), 1)
}

/** Messages about references that are not set on this machine. */
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
