import { ConfigError, type Sections } from '@quorate/config'
import { type Fault, isRecord, pointer } from '@quorate/contracts'
import type { Logger } from '@quorate/log'
import { createHash } from 'node:crypto'
import { type Configuration, ConfigurationFault, type Entry } from './configuration'
import { withoutIds } from './endpoint-ids'
import type { NotifySettings } from './settings'

const PARTS = ['receivers', 'silences', 'inhibitions'] as const
/** The row that says what the file declared when it was last put in force. */
const LAST = 'file'

/**
 * The section `notify:` of quorate.yaml as entries of the configuration: receivers, inhibitions and silences are
 * mappings by name or lists with names, `routes` is the root of the tree.
 * @throws ConfigError for what is no part
 */
export function entriesIn({ notify, file }: Sections): Entry[] {
  if (notify === undefined || notify === null) return []
  if (!isRecord(notify))
    throw new ConfigError([`/notify in ${file} must hold receivers, routes, silences, inhibitions.`])
  const { routes, ...parts } = notify
  const unknown = Object.keys(parts).filter((name) => !(PARTS as readonly string[]).includes(name))
  if (unknown.length > 0)
    throw new ConfigError(
      unknown.map((name) => `${pointer('notify', name)} in ${file} is unknown; there are ${PARTS.join(', ')}, routes.`),
    )
  const entries: Entry[] = []
  for (const table of PARTS)
    for (const [name, value] of named(parts[table], table, file)) entries.push({ table, name, value })
  // After the receivers that it names.
  if (routes !== undefined && routes !== null) entries.push({ table: 'routes', name: 'root', value: routes })
  return entries
}

function named(part: unknown, table: string, file: string): [string, unknown][] {
  if (part === undefined || part === null) return []
  if (isRecord(part)) return Object.entries(part)
  const key = table === 'silences' ? 'id' : 'name'
  const fault = (at: string, why: string) => new ConfigError([`${at} in ${file} ${why}.`])
  if (!Array.isArray(part)) throw fault(pointer('notify', table), 'must be a mapping by name, or a list')
  return part.map((entry: unknown, i) => {
    const name = isRecord(entry) ? entry[key] : undefined
    if (!isRecord(entry) || typeof name !== 'string') throw fault(pointer('notify', table, i), `needs a ${key}`)
    const { [key]: _, ...rest } = entry
    return [name, rest]
  })
}

/**
 * What the file declares, judged: entries that are new or have changed *in the file* since they were last put in force,
 * those that it names no more removed. An unchanged file changes nothing, also where REST has changed an entry since.
 * Returns how to put it in force; undefined: there is nothing to do.
 * @throws ConfigError with every fault and its place
 */
export async function declaration(
  configuration: Configuration,
  settings: NotifySettings,
  sections: Sections,
  logger: Logger,
): Promise<(() => Promise<void>) | undefined> {
  const entries = entriesIn(sections)
  const before = hashesIn(settings.get('declared', LAST))
  const now = new Map(entries.map((entry) => [keyOf(entry), hashOf(entry.value)]))
  const changed = entries.filter((entry) => before.get(keyOf(entry)) !== now.get(keyOf(entry)))
  const gone = [...before.keys()]
    .filter((key) => !now.has(key))
    .map(entryOf)
    .filter((entry) => hashOf(withoutIds(settings.get(entry.table, entry.name))) === before.get(keyOf(entry)))
  if (changed.length === 0 && gone.length === 0) return undefined
  // The tree before the receivers that it names no more.
  const all = [...changed, ...gone.sort(({ table }) => (table === 'routes' ? -1 : 1))]
  const refused = (faults: readonly Fault[]) =>
    new ConfigError(faults.map(({ pointer: at, detail }) => `/notify${at} in ${sections.file} is refused: ${detail}.`))
  const faults = await configuration.judgeWithSecrets(all)
  if (faults.length > 0) throw refused(faults)
  return async () => {
    await configuration.write(all).catch((error: unknown) => {
      throw error instanceof ConfigurationFault ? refused(error.faults) : error
    })
    await settings.put('declared', LAST, Object.fromEntries(now))
    logger.info({ changed: changed.map(keyOf), gone: gone.map(keyOf) }, 'the section notify of quorate.yaml is in force') // prettier-ignore
  }
}

/** By `<table>/<name>`; what others wrote there counts as nothing. */
function hashesIn(row: unknown): Map<string, string> {
  const found = isRecord(row) ? Object.entries(row) : []
  return new Map(found.filter((entry): entry is [string, string] => typeof entry[1] === 'string' && isKey(entry[0])))
}

const isKey = (key: string): boolean => [...PARTS, 'routes'].includes(key.slice(0, key.indexOf('/')))

const keyOf = ({ table, name }: Pick<Entry, 'table' | 'name'>): string => `${table}/${name}`

function entryOf(key: string): Entry {
  const slash = key.indexOf('/')
  return { table: key.slice(0, slash) as Entry['table'], name: key.slice(slash + 1), value: undefined }
}

const hashOf = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value ?? null)).digest('base64url').slice(0, 22) // prettier-ignore
